"""Rooms of a user's own data set for the tests of this folder: images, depth and class maps."""

import cv2
import numpy as np

from mtkd.datasets import MultiDataset, collate
from mtkd.prerequisites.pseudo_labels.dataset import TEACHER, file_of, header_of, sample_ids, with_pseudo_labels
from mtkd.prerequisites.pseudo_labels.file import PseudoFile, SoftLabels

COUNT, SIZE = 8, (72, 104)
SCENES = ('kitchen', 'office', None)  # image i uses entry i % 3


def room(number):
    """Image (H, W, 3) uint8 RGB, classes (H, W) uint8 0 to 2, depth (H, W) uint16 millimetres."""
    rng = np.random.default_rng(number)
    return (rng.integers(0, 255, (*SIZE, 3), dtype=np.uint8), rng.integers(0, 3, SIZE, dtype=np.uint8),
            rng.integers(800, 6000, SIZE).astype(np.uint16))


def png(array):
    """The bytes of a .png file."""
    return cv2.imencode('.png', array[..., ::-1] if array.ndim == 3 else array)[1].tobytes()


def check_against_rooms(data, without_depth=(3,)):
    """A data set returns the rooms in any order: images, class maps, depth in metres, and no depth for some."""
    data.full_init()
    assert len(data) == COUNT
    seen = set()
    for index in range(COUNT):
        number = int(''.join(filter(str.isdigit, data.entries[index]['sample_id'].rsplit('/', 1)[-1])))
        seen.add(number)
        image, classes, depth = room(number)
        sample = data.load(index)
        np.testing.assert_array_equal(sample['image'], image)
        np.testing.assert_array_equal(sample['targets']['semseg'], classes)
        if number in without_depth:
            assert sample['targets']['depth'] is None
        else:
            np.testing.assert_allclose(sample['targets']['depth'], depth / 1000, rtol=1e-6)
    assert seen == set(range(COUNT)) and data.label_counts()['depth'] == COUNT - len(without_depth)


def check_company(build, folder):
    """A data set of scenes can join a union, hide labels and carry pseudo-labels."""
    kinds = {'scene': 'class_label'}
    union = MultiDataset([build(tasks=kinds, name='one', keep_labels={'share': 0.5}), build(tasks=kinds, name='two')])
    union.full_init()
    one, two = union.datasets
    assert one.kept['scene'].sum() == COUNT // 2 and two.label_counts() == {'scene': 6}
    batch = collate([union[number, index, 0] for number in (0, 1) for index in range(COUNT)])
    assert batch['present']['scene'].sum() == one.label_counts()['scene'] + 6
    probs = np.full((COUNT, 2), 0.5, np.float16)
    who = {'teacher': 't', 'weights': 'w', 'transforms': ['identity'], 'precision': 'float32'}
    header = header_of(two, **who, tasks={'scene': 2})
    soft = SoftLabels(np.arange(COUNT), probs, np.full(COUNT, 0.5, np.float32))
    PseudoFile(header, np.array(sample_ids(two)), {'scene': soft}).write(file_of(two, folder / 'pseudo'))
    with_pseudo_labels(two, {'scene': 2}, tau=0.1, folder=folder / 'pseudo', **who)
    assert two[3]['teacher'][TEACHER]['scene.probs'].tolist() == [0.5, 0.5]
