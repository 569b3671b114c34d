"""The head of PAD-Net in the survey."""

from torch import Tensor, nn

from ...registry import HEADS
from ..blocks.residual import two_bottlenecks


@HEADS.register_module()
class BottleneckHead(nn.Module):
    """Two bottleneck blocks, then 1x1 logits.

    Source: the final heads of PAD-Net as the survey defines it, fact sheet 4.3.

    Args:
        in_channels: number of input channels, a multiple of 4.
        out_channels: number of output channels of the task.

    Attributes:
        feature_channels: number of channels of :meth:`feature`'s result, equal to ``in_channels``.

    Raises:
        ValueError: ``in_channels`` is not divisible by 4.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.feature_channels = in_channels
        self.blocks = two_bottlenecks(in_channels, in_channels)
        self.logits = nn.Conv2d(in_channels, out_channels, 1)

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> the same shape, the tap ``<task>.feat``."""
        return self.blocks(shared)

    def predict(self, feature: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> (B, out_channels, h, w), the tap ``<task>.out``."""
        return self.logits(feature)
