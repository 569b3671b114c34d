"""Small networks to compare: the toy config, and heads with one fault each."""

from pathlib import Path

import torch
from torch import Tensor, nn

from mtkd.models.heads import FCNHead
from mtkd.registry import HEADS
from mtkd.studies.networks.comparators import Comparator, find_comparators

from ...engine.toy import write_config


@HEADS.register_module(force=True)
class SpareHead(FCNHead):
    """Has a parameter on which no output depends."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.spare = nn.Parameter(torch.zeros(2))


@HEADS.register_module(force=True)
class BreakingHead(FCNHead):
    """Breaks a compiled graph."""

    def predict(self, x: Tensor) -> Tensor:
        torch._dynamo.graph_break()
        return super().predict(x)


@HEADS.register_module(force=True)
class Float32Head(FCNHead):
    """Overflows in half precision."""

    def predict(self, x: Tensor) -> Tensor:
        out = super().predict(x)
        return out * (float('inf') if torch.is_autocast_enabled('cpu') else 1.0)


@HEADS.register_module(force=True)
class AskingHead(FCNHead):
    """Depends on a value of the image, which cannot be traced."""

    def predict(self, x: Tensor) -> Tensor:
        out = super().predict(x)
        return out if float(x.mean()) > 0 else -out


def write_network(folder: Path, name: str = 'toy', method: str = 'MT', addition: str = '', head: str = '') -> Path:
    """The toy config with additional lines, or with another head."""
    path = write_config(folder, name, method=method)
    if head:
        addition += f"\nmodel['net']['head'] = dict(type={head!r}, channels=8, norm='group')"
    path.write_text(path.read_text() + addition + '\n')
    return path


def network(folder: Path, head: str = '') -> Comparator:
    """A toy network."""
    found, = find_comparators([str(write_network(folder, head=head))])
    return found
