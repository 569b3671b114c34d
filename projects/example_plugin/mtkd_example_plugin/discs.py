"""Discs at different distances, generated from the sample index: a data set without files."""

import numpy as np
from mtkd.datasets import TaskDataset
from mtkd.registry import DATASETS

COLOURS = np.array([[90, 90, 90], [200, 60, 50], [60, 160, 70], [50, 90, 200]])


@DATASETS.register_module()
class Discs(TaskDataset):
    """Discs in three colours in front of a grey wall; nearer discs occlude farther ones.

    ``semseg``: 0 for the wall, 1 to 3 for the disc's colour. ``depth``: in metres; the wall is at 10 m. Sample i of a split
    is always the same.

    Args:
        num_samples: number of samples in the split.
        size: (height, width).
        **kwargs: see :class:`~mtkd.datasets.TaskDataset`.
    """

    OFFERS = {'semseg': 'class_map', 'depth': 'depth'}
    NUM_CLASSES = {'semseg': 4}

    def __init__(self, num_samples: int = 64, size: tuple[int, int] = (64, 96), **kwargs) -> None:
        super().__init__(**kwargs)
        self.num_samples, self.size = num_samples, size

    def load_data_list(self) -> list[dict]:
        first = 0 if self.split == 'train' else 1_000_000
        return [{'sample_id': f'{self.split}{i}', 'number': first + i} for i in range(self.num_samples)]

    def read(self, entry: dict) -> dict:
        rng = np.random.default_rng(entry['number'])
        rows, columns = np.indices(self.size)
        semseg, depth = np.zeros(self.size, np.uint8), np.full(self.size, 10, np.float32)
        for far in sorted(rng.uniform(1, 8, 6), reverse=True):
            centre = rng.uniform(0, self.size)
            inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < (self.size[0] / far) ** 2
            semseg[inside], depth[inside] = rng.integers(1, 4), far
        shade = COLOURS[semseg] * (1.1 - depth[..., None] / 12) + rng.normal(0, 6, (*self.size, 1))
        labels = {'semseg': semseg, 'depth': depth}
        return {'image': shade.clip(0, 255).astype(np.uint8), 'targets': {task: labels[task] for task in self.reads},
                'meta': {}}
