"""The head of KD4MTL's and MTAN's SegNets."""

from torch import Tensor, nn

from ...registry import HEADS


@HEADS.register_module()
class ConvPairHead(nn.Module):
    """A 3x3 convolution directly followed by a 1x1 one: no norm and no activation between.

    Source: Liu et al. 2019 (MTAN) and KD4MTL, fact sheet 4.3; Xavier-normal weights, zero biases. What follows in the
    papers (log-softmax, unit length) is the task's business.

    Args:
        in_channels: channels of the feature it reads.
        out_channels: channels the task wants.

    Attributes:
        feature_channels: channels of :meth:`feature`'s result, those that come in.
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
