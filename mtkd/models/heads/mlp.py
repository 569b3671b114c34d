"""A two-layer perceptron head for vectors."""

from torch import Tensor, nn

from ...registry import HEADS
from ..dropout import Dropout


@HEADS.register_module()
class MLPHead(nn.Module):
    """Linear, ReLU, dropout, linear.

    Source: the head of MultiLeNet, fact sheet 1.2.3 (50 -> 50 -> classes).

    Args:
        in_channels: length of the shared vector.
        out_channels: number of output channels of the task.
        channels: length of the task's feature.
        dropout: dropout rate of the feature before the last layer.

    Attributes:
        feature_channels: length of :meth:`feature`'s result.
    """

    def __init__(self, in_channels: int, out_channels: int, channels: int = 50, dropout: float = 0.5) -> None:
        super().__init__()
        self.feature_channels = channels
        self.hidden = nn.Sequential(nn.Linear(in_channels, channels), nn.ReLU(True))
        self.dropout = Dropout(dropout)
        self.logits = nn.Linear(channels, out_channels)

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels) -> (B, channels), the tap ``<task>.feat``."""
        return self.hidden(shared)

    def predict(self, feature: Tensor) -> Tensor:
        """(B, channels) -> (B, out_channels), the tap ``<task>.out``."""
        return self.logits(self.dropout(feature))
