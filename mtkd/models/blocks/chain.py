"""Backbones that are a plain chain of stages, run stage by stage."""

import copy

import torch
from torch import Tensor, nn


def check_chain(trunk: str, backbone: nn.Module, name: str, instead: str) -> None:
    """Refuse a backbone whose stages cannot be run one by one.

    Args:
        trunk: who runs them, for the message.
        backbone: to look at.
        name: of the backbone, for the message.
        instead: what else to do, for the message.

    Raises:
        ValueError: the backbone is no plain chain.
    """
    body = getattr(backbone, 'body', None)
    plain = isinstance(body, nn.ModuleDict) and hasattr(body, 'return_layers')
    if not plain or backbone.stage_norms is not None or backbone.pad_multiple != 1 or backbone._channels_last:
        raise ValueError(f"{trunk} runs its backbones stage by stage, and '{name}' is no plain chain of stages; "
                         f"give a timm ResNet, RegNet or the like, without stage_norm and pad_multiple, or {instead}.")


def levels_of(backbone: nn.Module) -> list[list[str]]:
    """The names of the modules of each level: the stem, then one level for each scale that the backbone gives.

    The stem is all that comes before the module which gives the finest scale.
    """
    levels: list[list[str]] = [[]]
    for name in backbone.body:
        if name not in backbone.body.return_layers:
            levels[-1].append(name)
            continue
        if len(levels) == 1:
            levels.append([])
        levels[-1].append(name)
        levels.append([])
    return levels[:-1]


def run_level(backbone: nn.Module, level: list[str], feature: Tensor) -> Tensor:
    """What a level makes of a feature."""
    for name in level:
        feature = backbone.body[name](feature)
    return feature


def stem_channels(backbone: nn.Module) -> int:
    """Channels of what the stem gives; found on the meta device."""
    stem = levels_of(backbone)[0]
    parts = nn.Sequential(*(copy.deepcopy(backbone.body[name]) for name in stem)).to('meta')
    with torch.no_grad():
        return parts.eval()(torch.empty(1, 3, 64, 64, device='meta')).shape[1]
