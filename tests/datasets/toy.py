"""A data set in memory, and a sample with a label of every spatial kind, for the tests of this folder."""

import numpy as np

from mtkd.datasets import TaskDataset
from mtkd.structures import IGNORE, KINDS, Sample, SampleMeta

OFFERS = {'semseg': 'class_map', 'sal': 'binary_map', 'depth': 'depth', 'normals': 'normals', 'scene': 'class_label'}
TOY_KINDS = {task: KINDS[kind] for task, kind in OFFERS.items()}


def toy_sample(height=20, width=30, seed=0):
    """Random labels; the top left pixel is invalid in every map."""
    rng = np.random.default_rng(seed)
    normals = rng.normal(size=(height, width, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    targets = {'semseg': rng.integers(0, 4, (height, width)).astype(np.uint8),
               'sal': rng.integers(0, 2, (height, width)).astype(np.uint8),
               'depth': rng.uniform(1, 5, (height, width)).astype(np.float32), 'normals': normals, 'scene': 2}
    for task in ('semseg', 'sal'):
        targets[task][0, 0] = IGNORE
    for task in ('depth', 'normals'):
        targets[task][0, 0] = 0
    return Sample(image=rng.integers(0, 256, (height, width, 3)).astype(np.uint8), targets=targets,
                  meta=SampleMeta(crop=None, flip=False))


class Toy(TaskDataset):
    """``length`` samples of :func:`toy_sample`; ``change(sample)`` corrupts what is read."""

    OFFERS = OFFERS
    NUM_CLASSES = {'semseg': 4, 'scene': 3}

    def __init__(self, *args, length=10, size=(20, 30), change=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.length, self.size, self.change, self.decoded = length, size, change, 0

    def load_data_list(self):
        return [{'sample_id': f's{i}', 'number': i} for i in range(self.length)]

    def read(self, entry):
        self.decoded += 1
        sample = toy_sample(*self.size, seed=entry['number'])
        sample['targets'] = {task: sample['targets'][task] for task in self.reads}
        if self.change:
            self.change(sample)
        return sample
