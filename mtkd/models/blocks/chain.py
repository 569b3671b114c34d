"""Backbones that are a plain chain of stages, run stage by stage."""

import copy

import torch
from torch import Tensor, nn


def check_chain(trunk: str, backbone: nn.Module, name: str, instead: str) -> None:
    """Refuse a backbone whose stages cannot be run one by one.

    Args:
        trunk: name of the trunk, for the error message.
        backbone: the backbone to check.
        name: name of the backbone, for the error message.
        instead: the alternative to suggest in the error message.

    Raises:
        ValueError: the backbone is not a plain chain of stages.
    """
    body = getattr(backbone, 'body', None)
    plain = isinstance(body, nn.ModuleDict) and hasattr(body, 'return_layers')
    if not plain or backbone.stage_norms is not None or backbone.pad_multiple != 1 or backbone._channels_last:
        raise ValueError(f"{trunk} runs its backbones stage by stage, but '{name}' is not a plain chain of stages; "
                         f"give a timm ResNet, RegNet or similar, without stage_norm and pad_multiple, or {instead}.")


def levels_of(backbone: nn.Module) -> list[list[str]]:
    """The names of the modules of each level: the stem, then one level for each scale that the backbone returns.

    The stem consists of all modules before the one that returns the finest scale.
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
    """Run the modules of one level in order: (B, C, h, w) -> (B, C', h', w')."""
    for name in level:
        feature = backbone.body[name](feature)
    return feature


def stem_channels(backbone: nn.Module) -> int:
    """Number of output channels of the stem, determined on the meta device."""
    stem = levels_of(backbone)[0]
    parts = nn.Sequential(*(copy.deepcopy(backbone.body[name]) for name in stem)).to('meta')
    with torch.no_grad():
        return parts.eval()(torch.empty(1, 3, 64, 64, device='meta')).shape[1]
