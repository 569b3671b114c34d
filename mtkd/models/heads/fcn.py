"""The fully convolutional head of KDAM's shared-encoder baseline."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from ...registry import HEADS
from ..dropout import Dropout2d

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {'relu': partial(nn.ReLU, True), 'gelu': nn.GELU}


def _norm(kind: str, channels: int) -> nn.Module:
    if kind == 'batch':
        return nn.BatchNorm2d(channels)
    if kind == 'group':
        return nn.GroupNorm(next(g for g in (8, 4, 2, 1) if channels % g == 0), channels)
    raise ValueError(f"head norm '{kind}' is unknown; choose 'batch' or 'group'.")


@HEADS.register_module()
class FCNHead(nn.Module):
    """3x3 convolution, norm, activation, then 1x1 logits; the task upsamples them to the target's size.

    Source: fact sheet 1.1.6 (67 channels for HRNet18, the embedding width for Swin).

    Args:
        in_channels: number of channels of the shared feature.
        out_channels: number of output channels of the task.
        channels: number of channels of the task's feature.
        norm: ``'batch'`` or ``'group'``.
        dropout: rate of the channel dropout before the logits.
        activation: ``'relu'``, or ``'gelu'`` as TaskPrompter's heads have.

    Attributes:
        feature_channels: channels of :meth:`feature`'s result.

    Raises:
        ValueError: an unknown norm or activation.
    """

    def __init__(self, in_channels: int, out_channels: int, channels: int = 67, norm: str = 'batch',
                 dropout: float = 0.0, activation: str = 'relu') -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"head activation '{activation}' is unknown; choose one of {', '.join(ACTIVATIONS)}.")
        self.feature_channels = channels
        self.bottleneck = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=norm != 'batch'), _norm(norm, channels),
            ACTIVATIONS[activation]())
        self.dropout = Dropout2d(dropout) if dropout else nn.Identity()
        self.logits = nn.Conv2d(channels, out_channels, 1)

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> (B, channels, h, w), the tap ``<task>.feat``."""
        return self.bottleneck(shared)

    def predict(self, feature: Tensor) -> Tensor:
        """(B, channels, h, w) -> (B, out_channels, h, w), the tap ``<task>.out``."""
        return self.logits(self.dropout(feature))
