"""Rendered scenes as a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...registry import DATASETS
from ...structures import IGNORE, Sample, SampleMeta, Size, TargetKind
from ..base import Entry, TaskDataset
from .labels import CLASSES, PARTS, SPLIT_START, first_scene
from .render import render_scene


@DATASETS.register_module()
class SyntheticScenes(TaskDataset):
    """Rendered rooms: a data set of any length that needs no files.

    Sample k of a split is scene `SPLIT_START[split] + k` of the series. Human parts are absent (None) where no person
    is visible. A cached sample of 96x128 with all six tasks takes about 300 kB.

    Args:
        tasks: as in `TaskDataset`; semseg, human_parts, sal, edge, depth and normals are offered.
        split: 'train', 'val' or 'test'; disjoint ranges of scenes.
        pipeline: as in `TaskDataset`.
        num_samples: length of the split.
        size: (height, width) in pixels.
        seed: which series of scenes.
        cache: keep rendered samples, so that later epochs cost nothing ('preload': render all at once).
        augment_seed: seed of the augmentation (the base class's `seed`); None: the run's.
        num_classes: as in `TaskDataset`.
        views: as in `TaskDataset`.
        name: as in `TaskDataset`.
        keep_labels: as in `TaskDataset`.
        limit: as in `TaskDataset`.

    Raises:
        ValueError: `num_samples`, `size` or `seed` is out of range, or an argument is invalid for `TaskDataset`.
    """

    OFFERS = {
        'semseg': 'class_map', 'human_parts': 'class_map', 'sal': 'binary_map', 'edge': 'edge_map', 'depth': 'depth',
        'normals': 'normals',
    }  # fmt: skip
    NUM_CLASSES = {'semseg': len(CLASSES), 'human_parts': len(PARTS)}
    CLASSES = {'semseg': CLASSES, 'human_parts': PARTS}
    SPLITS = tuple(SPLIT_START)
    LOOKS_AT = 0  # the labels are correct by construction

    def __init__(
        self, tasks: Mapping[str, TargetKind | str] | None = None, split: str = 'train', pipeline: Sequence[Any] = (),
        num_samples: int = 500, size: Size = (96, 128), seed: int = 0, cache: bool | str = True,
        augment_seed: int | None = None, num_classes: Mapping[str, int] | None = None, views: int | None = None,
        name: str | None = None, keep_labels: Mapping[str, Any] | None = None, limit: int | None = None,
    ) -> None:  # fmt: skip
        if not 1 <= num_samples <= 1_000_000:
            raise ValueError(f'num_samples={num_samples} of SyntheticScenes: use 1 to 1000000.')
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f'size={size} of SyntheticScenes: use (height, width) in pixels.')
        if seed < 0:
            raise ValueError(f'seed={seed} of SyntheticScenes: use 0 or more.')
        self.NUM_CLASSES = {**self.NUM_CLASSES, **(num_classes or {})}  # the rooms are labelled with the classes of the task
        super().__init__(
            tasks, split=split, pipeline=pipeline, seed=augment_seed, cache=cache, num_classes=num_classes, views=views,
            name=name, keep_labels=keep_labels, limit=limit,
        )  # fmt: skip
        self.num_samples = num_samples
        self.size = (int(size[0]), int(size[1]))
        self.scene_seed = seed

    def load_data_list(self) -> list[Entry]:
        start = first_scene(self.split)
        return [{'sample_id': f'{self.scene_seed}_{start + k:07d}', 'scene': start + k} for k in range(self.num_samples)]

    def read(self, entry: Entry) -> Sample:
        scene = render_scene(self.scene_seed, entry['scene'], self.size)
        classes = self.num_classes.get('semseg', len(CLASSES))  # a task with fewer classes leaves the others invalid
        labels: dict[str, np.ndarray | None] = {
            'semseg': np.where(scene.semseg < classes, scene.semseg, np.uint8(IGNORE)),
            'human_parts': scene.parts if scene.limbs.any() else None,
            'sal': scene.sal,
            'edge': scene.edge,
            'depth': scene.depth_m,
            'normals': scene.normals,
        }
        meta = SampleMeta(dataset=self.name, sample_id=entry['sample_id'], original_size=self.size)
        return Sample(image=scene.image, targets={task: labels[task] for task in self.reads}, meta=meta)
