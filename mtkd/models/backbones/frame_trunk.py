"""A network of pictures that looks at clips: frame by frame."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from ...registry import BACKBONES, NECKS
from ..net import Taps, TapSpec, Trunk


@BACKBONES.register_module()
class FrameTrunk(Trunk):
    """A trunk that runs any backbone and neck on every frame, and averages over time what distillation looks at.

    Taps, all with one row a clip, so that links, masks, caches and joint teachers treat them as a picture's:

    - ``trunk.0``, ``trunk.1`` …: (B, C_i, h_i, w_i), the frames' maps averaged over time;
    - ``shared``: (B, C), the frames' embeddings averaged over time; what students distil at level L1;
    - ``<task>.in``: (B, C, T), every frame's embedding, which the task's head reads. A link may compare it too, with a
      teacher that sees as many frames.

    Heads say how frames become a decision: :class:`~mtkd.models.heads.FrameMeanHead` (logits averaged) or
    :class:`~mtkd.models.heads.TemporalPoolHead` (embeddings pooled); others are refused by the network. A picture is a clip
    of one frame; what ``mtkd`` reports of speed and cost is then of a frame, T of which make a clip.

    Source: fact sheet 1.3.3 (2D frame model). MLFD says nothing of its networks for actions; this is ours.

    Args:
        tasks: the net's tasks; given by the network.
        backbone: config of a backbone.
        neck: config of a neck that makes a vector.

    Attributes:
        tap_specs: channels and stride of every tap.
        gives_frames: True: ``<task>.in`` holds a feature per frame.

    Raises:
        ValueError: no tasks, or a neck that makes a map.
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
            raise ValueError(f"FrameTrunk: {type(pooled).__name__} gives a map, frames are averaged as vectors: "
                             f"neck=dict(type='PoolNeck') makes them.")
        super().__init__(body, pooled)
        self.tasks = tuple(tasks)
        self.tap_specs |= {f'{task}.in': TapSpec(pooled.out_channels, 0) for task in self.tasks}

    def forward(self, image: Tensor) -> Taps:
        """(B, T, 3, H, W) normalised clips, or (B, 3, H, W) pictures -> every tap of :attr:`tap_specs`."""
        clip = image[:, None] if image.ndim == 4 else image
        batch, frames = clip.shape[:2]
        features = self.backbone(clip.flatten(0, 1))
        embedding = self.neck(features).unflatten(0, (batch, frames))
        taps = {f'trunk.{i}': feature.unflatten(0, (batch, frames)).mean(1) for i, feature in enumerate(features)}
        taps['shared'] = embedding.mean(1)
        return {**taps, **{f'{task}.in': embedding.transpose(1, 2) for task in self.tasks}}
