"""The survey's head on concatenated scales."""

from torch import Tensor, nn

from ...registry import HEADS


@HEADS.register_module()
class PointwiseHead(nn.Module):
    """1x1 convolution that keeps the width, norm, ReLU, then 1x1 logits.

    Source: HRNet's own segmentation head, which the survey's HRNet18 networks use (270 channels), fact sheet 4.3.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels of the task.

    Attributes:
        feature_channels: number of channels of :meth:`feature`'s result, equal to ``in_channels``.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.feature_channels = in_channels
        self.mix = nn.Sequential(nn.Conv2d(in_channels, in_channels, 1), nn.BatchNorm2d(in_channels), nn.ReLU(True))
        self.logits = nn.Conv2d(in_channels, out_channels, 1)

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> the same shape, the tap ``<task>.feat``."""
        return self.mix(shared)

    def predict(self, feature: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> (B, out_channels, h, w), the tap ``<task>.out``."""
        return self.logits(feature)
