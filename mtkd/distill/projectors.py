"""Projectors, which map a student feature to the teacher's channels. They are trained, then discarded."""

from torch import Tensor, nn

from ..registry import PROJECTORS

INITS = ('xavier', 'default')


def _conv(in_channels: int, out_channels: int, bias: bool, init: str) -> nn.Conv2d:
    if init not in INITS:
        raise ValueError(f"projector: init='{init}' is unknown; choose one of {', '.join(INITS)}.")
    conv = nn.Conv2d(in_channels, out_channels, 1, bias=bias)
    if init == 'xavier':
        nn.init.xavier_normal_(conv.weight)
        if conv.bias is not None:
            nn.init.zeros_(conv.bias)
    return conv


class _OnMaps(nn.Sequential):
    """1×1 convolutions on maps (B, C, h, w) and on vectors (B, C) alike."""

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) or (B, C) -> the same with other channels."""
        if feature.ndim == 4:
            return super().forward(feature)
        return super().forward(feature[:, :, None, None]).flatten(1)


@PROJECTORS.register_module()
class Linear1x1(_OnMaps):
    """KD4MTL's adaptor: one 1×1 convolution.

    Args:
        in_channels: number of the student's channels.
        out_channels: number of the teacher's channels.
        bias: off in the authors' code, on in FitNets' regressor.
        init: ``'xavier'`` (normal; SegNet adaptors) or ``'default'`` (PyTorch's; MTAN adaptors).

    Raises:
        ValueError: an unknown ``init``.

    Source: KD4MTL section 3; fact sheet 1.2.2.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = False, init: str = 'xavier') -> None:
        super().__init__(_conv(in_channels, out_channels, bias, init))


@PROJECTORS.register_module()
class NonLinear(_OnMaps):
    """KD4MTL's non-linear adaptor: 1×1 C -> 2C, ReLU, 1×1 2C -> C', where C is the number of the student's channels.

    Args:
        in_channels: number of the student's channels.
        out_channels: number of the teacher's channels.
        bias: whether both convolutions have a bias.
        init: see :class:`Linear1x1`.

    Raises:
        ValueError: an unknown ``init``.

    Source: KD4MTL, ablation of adaptors; fact sheet 1.2.2.
    """

    def __init__(self, in_channels: int, out_channels: int, bias: bool = False, init: str = 'xavier') -> None:
        super().__init__(_conv(in_channels, 2 * in_channels, bias, init), nn.ReLU(),
                         _conv(2 * in_channels, out_channels, bias, init))


@PROJECTORS.register_module()
class ConvNorm(_OnMaps):
    """A 1×1 convolution without bias and a batch normalisation, as between student and loss of activation boundaries.

    Args:
        in_channels: number of the student's channels.
        out_channels: number of the teacher's channels.

    Source: Heo et al. 2019 (AB distillation), their connector for maps of one size.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(_conv(in_channels, out_channels, False, 'default'), nn.BatchNorm2d(out_channels))


@PROJECTORS.register_module()
class Identity(nn.Identity):
    """No projection; student and teacher must have the same channels.

    Args:
        in_channels: number of the student's channels.
        out_channels: number of the teacher's channels.

    Raises:
        ValueError: the two differ.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        if in_channels != out_channels:
            raise ValueError(f'Identity projector: the student has {in_channels} channels, the teacher {out_channels}; '
                             f"use projector=dict(type='Linear1x1').")
