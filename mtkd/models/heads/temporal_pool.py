"""One prediction from the pooled embedding of a clip."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from ...registry import HEADS

POOLS = ('mean', 'max')


@HEADS.register_module()
class TemporalPoolHead(nn.Module):
    """Pools the frames' embeddings over time, channel by channel, and gives the result to any image-level head.

    Source: fact sheet 1.3.3 gives logit averaging only; pooling features is ours.

    Args:
        in_channels: width of a frame's embedding.
        out_channels: number of output channels of the task.
        pool: ``'mean'`` or ``'max'``.
        head: config of the head.

    Attributes:
        feature_channels: channels of :meth:`feature`'s result.
        takes_frames: True: the input is a feature per frame.

    Raises:
        ValueError: an unknown ``pool``.
    """

    takes_frames = True

    def __init__(self, in_channels: int, out_channels: int, pool: str = 'max',
                 head: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        if pool not in POOLS:
            raise ValueError(f"TemporalPoolHead: pool='{pool}' is unknown; choose one of {', '.join(POOLS)}.")
        self.pool = pool
        self.head = HEADS.build({'type': 'LinearHead', **(head or {}), 'in_channels': in_channels,
                                 'out_channels': out_channels})
        self.feature_channels: int = self.head.feature_channels

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, T) -> (B, feature_channels), the tap ``<task>.feat``."""
        return self.head.feature(shared.amax(2) if self.pool == 'max' else shared.mean(2))

    def predict(self, feature: Tensor) -> Tensor:
        """(B, feature_channels) -> (B, out_channels), the tap ``<task>.out``."""
        return self.head.predict(feature)
