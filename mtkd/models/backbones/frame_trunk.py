"""Apply an image network to the frames of a video clip."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ...registry import BACKBONES, NECKS
from ..net import Taps, TapSpec, Trunk


@BACKBONES.register_module()
class FrameTrunk(Trunk):
    """A trunk that runs a backbone and a neck on every frame and averages the distilled features over time.

    All taps have one row per clip, so that links, masks, caches and joint teachers treat them as those of an image:

    - ``trunk.0``, ``trunk.1`` …: (B, C_i, h_i, w_i), the frames' maps averaged over time;
    - ``shared``: (B, C), the frames' embeddings averaged over time; MLFD's L1 level distils it;
    - ``<task>.in``: (B, C, T), the embedding of every frame, the input of the task's head. A link may also compare it with a
      teacher that receives the same number of frames.

    The head defines how frames are combined into a prediction: :class:`~mtkd.models.heads.FrameMeanHead` (logits averaged)
    or :class:`~mtkd.models.heads.TemporalPoolHead` (embeddings pooled); other heads raise an error. An image is a clip of
    one frame; the speed and cost that ``mtkd`` reports are per frame, and a clip has T frames.

    Source: fact sheet 1.3.3 (2D frame model). MLFD does not describe its networks for actions; this design is ours.

    Args:
        tasks: the net's tasks; given by the network.
        backbone: config of a backbone.
        neck: config of a neck that produces a vector.

    Attributes:
        tap_specs: channels and stride of every tap.
        gives_frames: True: ``<task>.in`` holds a feature per frame.

    Raises:
        ValueError: no tasks, or a neck that produces a map.
    """

    gives_frames = True

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None,
                 neck: Mapping[str, Any] | None = None) -> None:
        if not tasks or backbone is None:
            raise ValueError('FrameTrunk needs tasks and a backbone: give it as model.net.trunk=dict(type="FrameTrunk", '
                             'backbone=dict(type=...)).')
        body = BACKBONES.build(dict(backbone))
        pooled = NECKS.build({'type': 'PoolNeck', **(neck or {}), 'in_channels': body.channels, 'strides': body.strides})
        if getattr(pooled, 'stride', None) != 0:
            raise ValueError(f"FrameTrunk averages frames as vectors, but {type(pooled).__name__} returns a map: "
                             f"use neck=dict(type='PoolNeck').")
        super().__init__(body, pooled)
        self.tasks = tuple(tasks)
        self.tap_specs |= {f'{task}.in': TapSpec(pooled.out_channels, 0) for task in self.tasks}

    def forward(self, image: Tensor) -> Taps:
        """(B, T, 3, H, W) normalised clips, or (B, 3, H, W) images -> every tap of :attr:`tap_specs`."""
        clip = image[:, None] if image.ndim == 4 else image
        batch, frames = clip.shape[:2]
        features = self.backbone(clip.flatten(0, 1))
        embedding = self.neck(features).unflatten(0, (batch, frames))
        taps = {f'trunk.{i}': feature.unflatten(0, (batch, frames)).mean(1) for i, feature in enumerate(features)}
        taps['shared'] = embedding.mean(1)
        return {**taps, **{f'{task}.in': embedding.transpose(1, 2) for task in self.tasks}}
