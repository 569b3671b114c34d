"""A data set's images and image-level labels in memory, cut into whole batches."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mtkd.structures import Batch, SampleMeta, TargetKind


class PictureStore:
    """Serves complete batches, bit-exact to individually processed and stacked samples.

    Args:
        images: (N, H, W, 3) uint8 RGB, all samples.
        labels: task -> N labels, None if a sample has none.
        kinds: task -> kind; image-level ones only.
    """

    def __init__(self, images: np.ndarray, labels: Mapping[str, Sequence[Any]], kinds: Mapping[str, TargetKind]) -> None:
        self.images = images
        self.targets: dict[str, Tensor] = {}
        self.present: dict[str, Tensor] = {}
        for task, kind in kinds.items():
            empty = kind.empty((1, 1))
            of_task = labels.get(task, [None] * len(images))
            self.targets[task] = torch.stack([kind.to_tensor(empty if label is None else label) for label in of_task])
            self.present[task] = torch.tensor([label is not None for label in of_task])

    @staticmethod
    def serves(pipeline: Sequence[Any], kinds: Mapping[str, TargetKind]) -> bool:
        """Whether whole batches can be made: no label is a map, and every transform has ``whole``."""
        return not any(kind.spatial for kind in kinds.values()) and all(hasattr(t, 'whole') for t in pipeline)

    def batch(self, indices: np.ndarray, metas: list[SampleMeta], pipeline: Sequence[Any],
              rngs: Sequence[np.random.Generator]) -> Batch:
        """One batch.

        Args:
            indices: (B,) of the samples.
            metas: theirs; a transform may change them.
            pipeline: transforms with ``whole(images, metas, rngs) -> images``.
            rngs: the samples' generators; not used without a pipeline.
        """
        images = self.images[indices]
        for transform in pipeline:
            images = transform.whole(images, metas, rngs)
        rows = torch.from_numpy(indices)
        return {'image': torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))),
                'targets': {task: target[rows] for task, target in self.targets.items()},
                'present': {task: present[rows] for task, present in self.present.items()},
                'meta': metas, 'teacher': {}}
