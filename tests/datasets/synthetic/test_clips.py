"""Synthetic clips."""

import numpy as np
import pytest

from mtkd.datasets import SyntheticClips, SyntheticImages

TASKS = {'a': 'class_label', 'b': 'class_label', 'age': 'scalar'}
CLASSES = {'a': 4, 'b': 3}


def test_the_pictures_of_the_still_set_moving():
    still = SyntheticImages(TASKS, num_samples=4, size=(16, 24), num_classes=CLASSES)
    clips = SyntheticClips(TASKS, num_samples=4, size=(16, 24), num_classes=CLASSES, frames=3, sampling='centre', length=9)
    for index in range(4):
        picture, clip = still.load(index), clips.load(index)
        assert clip['targets'] == picture['targets']
        for frame, step in zip(clip['image'], (1, 4, 7), strict=True):
            assert (frame == np.roll(picture['image'], step, 1)).all()
    assert clips[0]['image'].shape == (3, 3, 16, 24)


def test_as_a_stand_in():
    hidden = SyntheticClips(TASKS, 'test', num_samples=2, labelled=['b'], num_classes=CLASSES)
    assert hidden.sampling == 'centre' and len(hidden) == 2
    assert {task: bool(here) for task, here in hidden[0]['present'].items()} == {'a': False, 'b': True, 'age': False}
    nothing = SyntheticClips({'semseg': 'class_map'}, num_samples=2)
    assert not any(nothing[0]['present'].values())
    with pytest.raises(ValueError, match='length=0'):
        SyntheticClips(TASKS, num_classes=CLASSES, length=0)
