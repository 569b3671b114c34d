"""Pairs of residual blocks, the components of the survey's decoders."""

from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck


def _shortcut(in_channels: int, out_channels: int) -> nn.Module | None:
    if in_channels == out_channels:
        return None
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels))


def basic_block(in_channels: int, out_channels: int) -> nn.Module:
    """ResNet's block of two 3x3 convolutions, stride 1; a 1x1 shortcut if the widths differ."""
    return BasicBlock(in_channels, out_channels, downsample=_shortcut(in_channels, out_channels))


def two_basic_blocks(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two of :func:`basic_block`, the first of which changes the width."""
    return nn.Sequential(basic_block(in_channels, out_channels), basic_block(out_channels, out_channels))


def two_bottlenecks(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two of ResNet's 1x1-3x3-1x1 blocks, a quarter as wide inside, the first of which changes the width.

    Raises:
        ValueError: ``out_channels`` is not divisible by 4.
    """
    if out_channels % 4:
        raise ValueError(f'A bottleneck block is a quarter as wide inside: {out_channels} channels are not a multiple of 4.')
    inner = out_channels // 4
    return nn.Sequential(Bottleneck(in_channels, inner, downsample=_shortcut(in_channels, out_channels)),
                         Bottleneck(out_channels, inner))
