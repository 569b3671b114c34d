"""Resize all scales to the finest one and concatenate them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import NECKS


@NECKS.register_module()
class ConcatNeck(nn.Module):
    """Upsample every scale to the first one's size and concatenate: the FCN trunk of KDAM's tables.

    Source: the HRNet head of the ATRC code base, fact sheet 1.1.6 (270 channels for HRNet18, 1440 for Swin-T).

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        lateral_channels: when given, a 1x1 convolution first projects every scale to this width (an addition for small
            budgets; None as in the paper).

    Attributes:
        out_channels: channels of the result.
        stride: stride of the result.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], lateral_channels: int | None = None) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(c, lateral_channels, 1) for c in in_channels) if lateral_channels else None
        self.out_channels = lateral_channels * len(in_channels) if lateral_channels else sum(in_channels)
        self.stride = strides[0]

    def forward(self, features: list[Tensor]) -> Tensor:
        """List of (B, C_i, h_i, w_i) -> (B, out_channels, h_0, w_0)."""
        if self.laterals is not None:
            features = [lateral(f) for lateral, f in zip(self.laterals, features, strict=True)]
        size = features[0].shape[-2:]
        resized = [f if f.shape[-2:] == size else F.interpolate(f, size=size, mode='bilinear', align_corners=False)
                   for f in features]
        return torch.cat(resized, dim=1)
