"""Identity head without parameters."""

from torch import Tensor, nn

from ...registry import HEADS


@HEADS.register_module()
class PassThroughHead(nn.Module):
    """Returns the shared feature as the output, for tasks that share one classifier, which is then part of the neck.

    Source: MLFD's baseline with one merged label space, fact sheet 1.3.2.

    Args:
        in_channels: width of the shared feature.
        out_channels: number of output channels of the task.

    Raises:
        ValueError: the two differ.

    Attributes:
        feature_channels: channels of :meth:`feature`'s result.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        if in_channels != out_channels:
            raise ValueError(f'PassThroughHead: the shared feature has {in_channels} channels, the task {out_channels}; '
                             f'give the neck channels={out_channels}.')
        self.feature_channels = in_channels

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, ...) -> the same, the tap ``<task>.feat``."""
        return shared

    def predict(self, feature: Tensor) -> Tensor:
        """(B, in_channels, ...) -> the same, the tap ``<task>.out``."""
        return feature
