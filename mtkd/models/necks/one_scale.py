"""Select one scale of the backbone."""

from collections.abc import Sequence

from torch import Tensor, nn

from ...registry import NECKS


@NECKS.register_module()
class OneScaleNeck(nn.Module):
    """Returns one feature of the backbone unchanged as the shared feature: a map, or a vector if the backbone returns one.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        index: index of the scale; the last by default.

    Attributes:
        out_channels: channels of the result.
        stride: stride of the result; 0 for a vector.

    Raises:
        ValueError: the backbone has no such scale.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], index: int = -1) -> None:
        super().__init__()
        if not -len(in_channels) <= index < len(in_channels):
            raise ValueError(f'OneScaleNeck: index={index}, but the backbone returns {len(in_channels)} scales.')
        self.index = index
        self.out_channels, self.stride = in_channels[index], strides[index]

    def forward(self, features: list[Tensor]) -> Tensor:
        """List of features -> the chosen one."""
        return features[self.index]
