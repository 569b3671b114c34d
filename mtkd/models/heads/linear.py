"""The image-level head: one linear layer."""

from torch import Tensor, nn

from ...registry import HEADS
from ..dropout import Dropout


@HEADS.register_module()
class LinearHead(nn.Module):
    """Dropout and a linear layer on the embedding; its feature is the embedding itself.

    Source: fact sheet 1.3.2 (dropout .9 on the fused embeddings of variant S1, .5 to .9 on the others).

    Args:
        in_channels: width of the embedding.
        out_channels: number of output channels of the task.
        dropout: dropout rate before the layer.

    Attributes:
        feature_channels: channels of :meth:`feature`'s result.
    """

    def __init__(self, in_channels: int, out_channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.feature_channels = in_channels
        self.dropout = Dropout(dropout) if dropout else nn.Identity()
        self.logits = nn.Linear(in_channels, out_channels)

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels) -> the same, the tap ``<task>.feat``."""
        return shared

    def predict(self, feature: Tensor) -> Tensor:
        """(B, in_channels) -> (B, out_channels), the tap ``<task>.out``."""
        return self.logits(self.dropout(feature))
