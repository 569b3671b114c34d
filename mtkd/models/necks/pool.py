"""Pool the last map to one vector per image."""

from collections.abc import Sequence

from torch import Tensor, nn

from ...registry import NECKS


@NECKS.register_module()
class PoolNeck(nn.Module):
    """Global average of the coarsest scale: the embedding of an image, for image-level heads.

    Source: MLFD's heads, pooled feature -> linear projection -> classes; fact sheet 1.3.2.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        channels: width of a linear projection of the pooled feature; None: no projection.

    Attributes:
        out_channels: channels of the embedding.
        stride: 0, a vector per image.
    """

    stride = 0

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], channels: int | None = None) -> None:
        super().__init__()
        self.out_channels = channels or in_channels[-1]
        self.project = nn.Linear(in_channels[-1], channels) if channels else nn.Identity()

    def forward(self, features: list[Tensor]) -> Tensor:
        """List of (B, C_i, h_i, w_i), coarsest last -> (B, out_channels)."""
        return self.project(features[-1].mean((2, 3)))
