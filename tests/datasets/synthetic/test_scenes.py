"""Scenes as a data set."""

import numpy as np
import pytest
import torch

from mtkd.datasets.synthetic import CLASSES, PARTS, SPLIT_START, SyntheticScenes, render_scene
from mtkd.registry import DATASETS


def test_data_set_serves_what_was_rendered():
    data = DATASETS.build({'type': 'SyntheticScenes', 'num_samples': 4, 'size': [48, 64], 'seed': 5, 'split': 'val'})
    assert len(data) == 4 and data.metainfo['num_classes'] == {'semseg': len(CLASSES), 'human_parts': len(PARTS)}
    for k in range(4):
        scene, sample = render_scene(5, SPLIT_START['val'] + k, (48, 64)), data[k]
        assert np.array_equal(sample['image'].permute(1, 2, 0), scene.image)
        for task, array in (('semseg', scene.semseg), ('sal', scene.sal), ('edge', scene.edge)):
            assert np.array_equal(sample['targets'][task], array) and sample['present'][task]
        assert np.array_equal(sample['targets']['depth'][0], scene.depth_m)
        assert np.array_equal(sample['targets']['normals'].permute(1, 2, 0), scene.normals)
        assert bool(sample['present']['human_parts']) == bool(scene.limbs.any())
        assert np.array_equal(sample['targets']['human_parts'], scene.parts)
        assert sample['meta']['original_size'] == (48, 64)


def test_data_set_reads_only_the_tasks_asked_for():
    data = SyntheticScenes({'depth': 'depth', 'age': 'scalar'}, num_samples=1, size=(24, 32))
    assert set(data.load(0)['targets']) == {'depth'} and set(data[0]['targets']) == {'depth', 'age'}
    assert not data[0]['present']['age']


def test_data_set_keeps_what_it_rendered():
    kept, fresh = (SyntheticScenes(num_samples=1, size=(24, 32), cache=cache) for cache in (True, False))
    assert kept.load(0)['image'] is kept.load(0)['image']
    assert fresh.load(0)['image'] is not fresh.load(0)['image']
    for task, label in kept[0]['targets'].items():
        label.zero_()  # a batch is the training's own: the kept sample must not change
        assert torch.equal(kept[0]['targets'][task], fresh[0]['targets'][task])


def test_data_set_splits_and_series_differ():
    first = [SyntheticScenes(num_samples=2, size=(24, 32), split=split, seed=seed).load(1)
             for split, seed in (('train', 0), ('val', 0), ('test', 0), ('train', 1))]
    assert len({sample['image'].tobytes() for sample in first}) == 4
    assert len({sample['meta']['sample_id'] for sample in first}) == 4


def test_data_set_leaves_the_augmentation_seed_to_the_run():
    data = SyntheticScenes(num_samples=1, seed=3)
    data.adopt_seed(7)
    assert data.seed == 7 and data.scene_seed == 3


@pytest.mark.parametrize('wrong', [{'num_samples': 0}, {'size': (0, 4)}, {'seed': -1}, {'split': 'trainval'}])
def test_data_set_refuses_by_name(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong)))):
        SyntheticScenes(**wrong)


def test_a_task_with_fewer_classes_leaves_the_others_invalid():
    few = SyntheticScenes(tasks={'semseg': 'class_map'}, num_samples=6, size=(32, 48), num_classes={'semseg': 4})
    seen = {int(label) for index in range(6) for label in few[index]['targets']['semseg'].unique()}
    assert 255 in seen and seen <= {0, 1, 2, 3, 255}
