"""The head of KD4MTL's and MTAN's SegNets."""

from torch import Tensor, nn

from ...registry import HEADS


@HEADS.register_module()
class ConvPairHead(nn.Module):
    """A 3x3 convolution directly followed by a 1x1 one: no norm or activation in between.

    Source: Liu et al. 2019 (MTAN) and KD4MTL, fact sheet 4.3; Xavier-normal weights, zero biases. The subsequent operations
    of the papers (log-softmax, unit length) are part of the task.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels of the task.

    Attributes:
        feature_channels: number of channels of :meth:`feature`'s result, equal to ``in_channels``.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.feature_channels = in_channels
        self.conv = nn.Conv2d(in_channels, in_channels, 3, padding=1)
        self.logits = nn.Conv2d(in_channels, out_channels, 1)
        for part in (self.conv, self.logits):
            nn.init.xavier_normal_(part.weight)
            nn.init.zeros_(part.bias)

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> the same shape, the tap ``<task>.feat``."""
        return self.conv(shared)

    def predict(self, feature: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> (B, out_channels, h, w), the tap ``<task>.out``."""
        return self.logits(feature)
