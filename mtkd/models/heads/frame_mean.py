"""Average of per-frame predictions."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ...registry import HEADS


@HEADS.register_module()
class FrameMeanHead(nn.Module):
    """Classifies every frame of a clip with any image-level head and averages the logits.

    With a linear head and no dropout this is the head on the mean embedding (``TemporalPoolHead(pool='mean')``); with
    dropout, every frame has its own mask.

    Source: fact sheet 1.3.3 (averaging logits is our choice; MLFD does not specify it).

    Args:
        in_channels: width of a frame's embedding.
        out_channels: number of output channels of the task.
        head: config of the head for a frame.

    Attributes:
        feature_channels: channels of :meth:`feature`'s result.
        takes_frames: True: the input is a feature per frame.
    """

    takes_frames = True

    def __init__(self, in_channels: int, out_channels: int, head: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.head = HEADS.build({'type': 'LinearHead', **(head or {}), 'in_channels': in_channels,
                                 'out_channels': out_channels})
        self.feature_channels: int = self.head.feature_channels

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, T) -> (B, feature_channels, T), the tap ``<task>.feat``."""
        return _each(self.head.feature, shared)

    def predict(self, feature: Tensor) -> Tensor:
        """(B, feature_channels, T) -> (B, out_channels), the tap ``<task>.out``."""
        return _each(self.head.predict, feature).mean(2)


def _each(part: Any, frames: Tensor) -> Tensor:
    """Apply a function of (N, C) to every frame of (B, C, T)."""
    done: Tensor = part(frames.transpose(1, 2).flatten(0, 1))
    return done.unflatten(0, (len(frames), -1)).transpose(1, 2)
