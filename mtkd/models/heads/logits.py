"""The head of networks whose trunk or neck computes task-specific features."""

from torch import Tensor, nn

from ...registry import HEADS
from ..dropout import Dropout2d


@HEADS.register_module()
class LogitsHead(nn.Module):
    """A single 1x1 convolution on the task's feature.

    Source: the last layer of the baseline's head and of the networks KDAM compares with, fact sheet 4.4.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels of the task.
        dropout: rate of the channel dropout before the convolution (.05 in ATRC).

    Attributes:
        feature_channels: number of channels of :meth:`feature`'s result, equal to ``in_channels``.
    """

    def __init__(self, in_channels: int, out_channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.feature_channels = in_channels
        self.dropout = Dropout2d(dropout) if dropout else nn.Identity()
        self.logits = nn.Conv2d(in_channels, out_channels, 1)

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> the same, the tap ``<task>.feat``."""
        return shared

    def predict(self, feature: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> (B, out_channels, h, w), the tap ``<task>.out``."""
        return self.logits(self.dropout(feature))
