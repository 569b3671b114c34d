import numpy as np
import pytest
import torch

from mtkd.datasets import MultiDataset, SyntheticImages
from mtkd.registry import DATASETS

TASKS = {'shape': 'class_label', 'age': 'scalar', 'depth': 'depth'}


def images(split='train', num_samples=400, labelled=('shape', 'age'), **kwargs):
    return SyntheticImages(TASKS, split, num_samples=num_samples, labelled=labelled, num_classes={'shape': 5},
                           **{'size': (12, 16), **kwargs})


def linear_fit(train, val, target):
    """Predictions for ``val`` of a ridge regression from the pixels."""
    x, z = (torch.nn.functional.avg_pool2d(data.images.float() / 255, 4).flatten(1) for data in (train, val))
    x, z = (torch.cat([part, torch.ones(len(part), 1)], 1).double() for part in (x, z))
    weights = torch.linalg.solve(x.T @ x + 1e-3 * torch.eye(x.shape[1]).double(), x.T @ target(train).double())
    return z @ weights


def test_deterministic_in_memory_and_independent_of_the_length():
    one, two = images(num_samples=20), images(num_samples=9)
    assert torch.equal(one.images[:9], two.images) and torch.equal(one.labels['shape'][:9], two.labels['shape'])
    assert one.images.shape == (20, 3, 12, 16) and one.serves_batches
    assert not torch.equal(one.images, images(num_samples=20, seed=1).images)
    assert not torch.equal(one.images, images('val', 20).images)


def test_labels_can_be_read_off_unseen_pictures():
    train, val = images(), images('val', 200)
    assert np.bincount(train.labels['shape']).min() > 40
    scores = linear_fit(train, val, lambda data: torch.nn.functional.one_hot(data.labels['shape'], 5))
    assert (scores.argmax(1) == val.labels['shape']).double().mean() > 0.9
    years = linear_fit(train, val, lambda data: data.labels['age'][:, None])[:, 0]
    assert (years - val.labels['age']).abs().mean() < 12, 'a guess has an error of 25'
    assert val.labels['age'].min() >= 0 and val.labels['age'].max() <= 100


def test_each_set_of_a_union_labels_its_tasks():
    both = MultiDataset([images(labelled=['shape'], name='a'), images(labelled=['age'], name='b')])
    batch = both.__getitems__([(0, 1, 0), (1, 2, 0), (0, 3, 0)])
    assert {task: here.tolist() for task, here in batch['present'].items()} == {
        'shape': [True, False, True], 'age': [False, True, False], 'depth': [False] * 3}


def test_patterns_do_not_depend_on_the_other_tasks():
    alone, both = images(labelled=['shape']), images(num_samples=2)
    assert np.array_equal(alone._patterns('shape')(np.array([3])), both._patterns('shape')(np.array([3])))


def test_an_unlabelled_set():
    data = images(labelled=[], num_samples=3)
    assert not any(data[0]['present'].values()) and data.images.shape == (3, 3, 12, 16)


def test_a_single_number_and_a_large_number_of_classes():
    data = DATASETS.build({'type': 'SyntheticImages', 'tasks': {'omniglot': 'class_label'}, 'num_samples': 4,
                           'num_classes': {'omniglot': 1623}, 'pipeline': [{'type': 'PhotoMetricDistortion'}]})
    assert data[0, 1]['image'].shape == (3, 32, 32) and not data.serves_batches


@pytest.mark.parametrize(('arguments', 'words'), [
    ({'num_samples': 0}, 'num_samples=0'), ({'seed': -1}, 'seed=-1'), ({'labelled': ['depth']}, "'depth', which is no"),
    ({'labelled': ['x']}, "names 'x'"), ({'size': 0}, 'size=0')])
def test_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        images(**arguments)


def test_refuses_classes_of_unknown_number():
    with pytest.raises(ValueError, match="how many classes 'shape' has"):
        SyntheticImages({'shape': 'class_label'})
