"""Labels that are hidden on purpose: which are kept, and that no data set returns the others."""

import numpy as np
import pytest

from mtkd.datasets import SyntheticScenes
from mtkd.datasets.kept_labels import KeptLabels


def test_a_share_of_each_class():
    classes = np.repeat([0, 1, 2], [10, 20, 40])
    kept = KeptLabels(share=0.1, seed=3).draw(['label'], 70, classes)['label']
    assert np.bincount(classes[kept]).tolist() == [1, 2, 4]
    again = KeptLabels(share=0.1, seed=3).draw(['label'], 70, classes)['label']
    other = KeptLabels(share=0.1, seed=4).draw(['label'], 70, classes)['label']
    assert (kept == again).all() and (kept != other).any()


def test_one_task_a_picture():
    kept = KeptLabels(one_task=True, seed=0).draw(['a', 'b', 'c'], 30)
    assert [int(rows.sum()) for rows in kept.values()] == [10, 10, 10]
    assert (sum(rows.astype(int) for rows in kept.values()) == 1).all()
    both = KeptLabels(share=0.5, one_task=True, seed=0).draw(['a', 'b', 'c'], 30)
    assert sum(int(rows.sum()) for rows in both.values()) == 15 and all((both[t] <= kept[t]).all() for t in kept)


def test_all_tasks_of_a_share():
    kept = KeptLabels(share=0.25, seed=0).draw(['a', 'b'], 8)
    assert kept['a'].sum() == 2 and (kept['a'] == kept['b']).all()


@pytest.mark.parametrize('given, said', [({'share': 0.0}, 'no fraction'), ({}, 'give share='), ({'seed': 1}, 'give share='),
                                         ({'sahre': 0.1}, "has no 'sahre'; it has share, one_task, seed")])
def test_errors(given, said):
    with pytest.raises(ValueError, match=said):
        KeptLabels.of(given)


def test_too_small_a_share_is_refused():
    with pytest.raises(ValueError, match='keeps none of the 4 pictures of class 1'):
        KeptLabels(share=0.1).draw(['label'], 14, np.repeat([0, 1], [10, 4]))
    assert KeptLabels.of(None) is None


@pytest.mark.parametrize('cache', [False, 'preload'])
def test_hidden_maps_are_absent_before_any_transform_sees_them(cache):
    seen = []

    def look(sample, kinds, rng):
        seen.append({task for task, value in sample['targets'].items() if value is not None})
        return sample
    data = SyntheticScenes(num_samples=4, size=(32, 48), split='train', cache=cache, pipeline=[look],
                           keep_labels={'one_task': True, 'seed': 0})
    data.full_init()
    for index in range(4):
        sample = data[index]
        present = {task for task, there in sample['present'].items() if there}
        assert len(present) == 1 and seen[-1] == present
        assert data.kept[present.pop()][index]
