import warnings

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mtkd.datasets import BadData, InfiniteBatchSampler, ShuffleSampler, TaskDataset, collate
from mtkd.datasets.base import unit_normals
from mtkd.structures import IGNORE, KINDS

from .toy import Toy

AUGMENT = [{'type': 'RandomScaling', 'low': 0.8, 'high': 1.5}, {'type': 'RandomCrop', 'size': (16, 16)},
           {'type': 'RandomHFlip'}, {'type': 'PhotoMetricDistortion'}, {'type': 'Pad', 'size': (16, 16)}]


def equal(a, b):
    return torch.equal(a['image'], b['image']) and all(
        torch.equal(a['targets'][t], b['targets'][t]) for t in a['targets'])


def test_serves_what_is_asked_and_marks_the_rest_absent():
    data = Toy(tasks={'depth': 'depth', 'edge': KINDS['binary_map'], 'age': 'scalar'})
    sample = data[3]
    assert list(sample['targets']) == ['depth', 'edge', 'age']
    assert sample['present'] == {'depth': True, 'edge': False, 'age': False}
    assert sample['targets']['depth'].shape == (1, 20, 30)
    assert (sample['targets']['edge'] == 255).all() and torch.isnan(sample['targets']['age'])
    assert sample['meta'] == {'dataset': 'Toy', 'sample_id': 's3', 'index': 3, 'original_size': (20, 30), 'crop': None,
                              'flip': False, 'view': 0}


def test_a_limit_serves_some_samples_once_and_for_all():
    whole, some = Toy(), Toy(limit=3)
    ids = [entry['sample_id'] for entry in some.entries]
    assert len(ids) == len(set(ids)) == 3 and ids == [entry['sample_id'] for entry in Toy(limit=3).entries]
    assert len(Toy(limit=10 ** 6)) == len(whole)
    found = next(index for index, entry in enumerate(whole.entries) if entry['sample_id'] == ids[1])
    assert torch.equal(some[1]['image'], whole[found]['image'])
    with pytest.raises(ValueError, match='limit=0 of Toy: serve 1 sample or more'):
        Toy(limit=0)


def test_a_limit_keeps_labels_that_were_left():
    some = Toy(limit=4, keep_labels={'share': 0.2, 'seed': 0})
    assert len(some) == 4 and all(len(kept) == 4 for kept in some.kept.values())
    assert any(kept.any() for kept in some.kept.values())


def test_absent_label_of_one_sample():
    def forget(sample):
        sample['targets']['depth'] = None

    sample = Toy(change=forget, pipeline=AUGMENT)[0]
    assert not sample['present']['depth'] and (sample['targets']['depth'] == 0).all()
    assert sample['present']['semseg']


def test_reads_only_what_is_needed_and_drops_what_only_the_crop_needs():
    assert set(Toy(tasks={'depth': 'depth'}).reads) == {'depth'}
    data = Toy(tasks={'depth': 'depth'}, pipeline=AUGMENT)
    assert set(data.reads) == {'depth', 'semseg'}
    assert set(data[0]['targets']) == {'depth'}


@pytest.mark.parametrize(('arguments', 'words'), [
    ({'tasks': {'age': 'scalar'}}, 'offers none of the requested tasks (age)'),
    ({'tasks': {}}, 'offers none'),
    ({'tasks': {'depth': 'scalar'}}, "offers 'depth' as depth, but it is requested as scalar"),
    ({'tasks': {'depth': 'metres'}}, "no target kind 'metres'"),
    ({'split': 'trian'}, "no split 'trian': use one of train, val"),
    ({'cache': 'disk'}, "cache='disk'"),
])
def test_refuses(arguments, words):
    with pytest.raises(ValueError) as error:
        Toy(**arguments)
    assert words in str(error.value)


def test_a_sample_is_a_function_of_seed_draw_and_index():
    one, two = Toy(pipeline=AUGMENT, seed=4), Toy(pipeline=AUGMENT, seed=4, cache=True)
    two[0, 0], two[7, 1]  # samples read before have no effect
    assert equal(one[5, 2], two[5, 2]) and equal(two[5, 2], two[5, 2])
    assert not equal(one[5, 2], one[5, 3])
    assert not equal(one[5, 2], Toy(pipeline=AUGMENT, seed=5)[5, 2])
    assert equal(one[5], one[5, 0])


def test_views_repeat():
    data = Toy(pipeline=AUGMENT, views=3)
    assert equal(data[1, 2], data[1, 5]) and not equal(data[1, 2], data[1, 4])
    assert data[1, 5]['meta']['view'] == 2


def test_seed_is_the_runs_unless_given():
    free, fixed = Toy(pipeline=AUGMENT), Toy(pipeline=AUGMENT, seed=3)
    assert equal(free[0], Toy(pipeline=AUGMENT, seed=0)[0])
    ShuffleSampler(free, seed=7)
    ShuffleSampler(fixed, seed=7)
    assert (free.seed, fixed.seed) == (7, 3)
    assert equal(free[0], Toy(pipeline=AUGMENT, seed=7)[0])


@pytest.mark.parametrize('cache', [False, 'preload'])
def test_workers_change_nothing(cache):
    def batches(workers):
        data = Toy(pipeline=AUGMENT, cache=cache)
        data.full_init()
        loader = DataLoader(data, batch_sampler=InfiniteBatchSampler(ShuffleSampler(data, seed=1), 4),
                            num_workers=workers, collate_fn=collate)
        return [batch for batch, _ in zip(loader, range(4), strict=False)]

    for a, b in zip(batches(0), batches(2), strict=True):
        assert equal(a, b) and a['meta'] == b['meta']


def test_cache_decodes_once_and_is_never_written_to():
    data = Toy(pipeline=AUGMENT, cache=True, length=2)
    first = data.load(0)
    before = first['image'].copy(), {t: np.copy(v) for t, v in first['targets'].items()}
    for draw in range(20):
        data[0, draw]
    assert data.decoded == 2  # both were read when the data set was opened
    kept = data.load(0)
    assert kept['meta']['view'] == 0
    assert np.array_equal(kept['image'], before[0])
    assert all(np.array_equal(kept['targets'][t], before[1][t]) for t in before[1])
    with pytest.raises(ValueError):
        kept['image'][0] = 0


def test_a_packed_sample_does_not_share_memory_with_the_cache():
    data = Toy(cache=True)
    sample = data[0]
    for tensor in (sample['image'], *sample['targets'].values()):
        tensor.zero_()
    assert equal(data[0], Toy()[0])


def test_preload_decodes_all_in_full_init():
    data = Toy(cache='preload', length=3)
    assert data.decoded == 0
    data.full_init()
    data.full_init()
    assert data.decoded == 3
    data[1]
    assert data.decoded == 3


def test_length_and_index():
    data = Toy(length=3)
    assert len(data) == 3 and equal(data[-1], data[2])
    with pytest.raises(IndexError):
        data[3]


def test_metainfo():
    info = Toy(tasks={'semseg': 'class_map', 'depth': 'depth'}, name='mine').metainfo
    assert info['dataset'] == 'mine' and info['num_classes'] == {'semseg': 4}
    assert info['tasks'] == {'semseg': 'class_map', 'depth': 'depth'}


def spoiled(**arrays):
    def change(sample):
        for key, value in arrays.items():
            if key == 'image':
                sample['image'] = value
            else:
                sample['targets'][key] = value
    return change


NAN = np.full((20, 30), np.nan, np.float32)


@pytest.mark.parametrize(('change', 'words'), [
    (spoiled(image=np.zeros((20, 30), np.uint8)), 'an image is (H, W, 3) uint8 RGB'),
    (spoiled(image=np.zeros((20, 30, 3), np.float32)), 'float32'),
    (spoiled(depth=NAN), '600 of its 600 depths are NaN'),
    (spoiled(depth=-np.ones((20, 30), np.float32)), 'negative depth'),
    (spoiled(semseg=np.full((20, 30), 4, np.uint8)), 'it holds class 4, allowed are 0 to 3'),
    (spoiled(semseg=np.zeros((20, 30), np.int64)), 'int64'),
    (spoiled(sal=np.full((20, 30), 7, np.uint8)), 'it holds 7'),
    (spoiled(normals=np.zeros((20, 30), np.float32)), 'normals are (H, W, 3)'),
    (spoiled(scene=3), 'it holds class 3'),
    (spoiled(scene=-2), 'it holds class -2'),
    (spoiled(depth=np.ones((30, 20), np.float32)), 'not of the same view'),
])
def test_bad_data_is_named(change, words):
    with pytest.raises(BadData) as error:
        Toy(change=change).full_init()
    assert words in str(error.value) and 's0' in str(error.value)


def test_invalid_markers_are_not_out_of_range():
    data = Toy(change=spoiled(semseg=np.full((20, 30), 255, np.uint8), scene=-1))
    with pytest.warns(UserWarning, match='semseg has no labelled pixel in the 8 labels looked at'):
        data.full_init()
    assert (data[0]['targets']['semseg'] == 255).all() and data[0]['targets']['scene'] == -1


def test_label_of_another_size_is_resized_and_warned_of_once():
    full = np.repeat(np.arange(4, dtype=np.uint8), 15)[None].repeat(40, 0)
    left = np.zeros((10, 15, 3), np.float32)
    left[:, :8], left[:, 8:] = (1, 0, 0), (0, 1, 0)
    data = Toy(change=spoiled(semseg=full, normals=left, depth=np.full((40, 60), 2, np.float32)))
    with pytest.warns(UserWarning, match='said once') as caught:
        sample = data[0]
    assert len(caught) == 3
    assert sample['targets']['semseg'].shape == (20, 30) and set(sample['targets']['semseg'].unique().tolist()) <= {
        0, 1, 2, 3}
    assert torch.allclose(sample['targets']['normals'].norm(dim=0), torch.ones(20, 30), atol=1e-5)
    assert (sample['targets']['depth'] == 2).all()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        data[1]


def test_empty_split():
    with pytest.raises(BadData, match=r"split 'train' of Toy in .* is empty"):
        Toy(length=0).full_init()


def test_missing_files_are_named_before_training(tmp_path):
    class Files(Toy):
        def load_data_list(self):
            return [{'sample_id': str(i), 'number': i, 'files': {'image': tmp_path / f'{i}.jpg'}} for i in range(9)]

    for i in (0, 1, 2):
        (tmp_path / f'{i}.jpg').touch()
    with pytest.raises(BadData) as error:
        len(Files())
    assert '6 files are missing' in str(error.value) and '3.jpg' in str(error.value)
    assert 'and 3 more' in str(error.value)


def test_an_adapter_must_say_how_to_read():
    with pytest.raises(TypeError):
        TaskDataset()  # type: ignore[abstract]


def test_unit_normals():
    vectors = np.array([[[0, 0, 2], [0.05, 0, 0], [0.3, 0.4, 0]]])
    assert np.allclose(unit_normals(vectors), [[[0, 0, 1], [0, 0, 0], [0.6, 0.8, 0]]])
    assert unit_normals(vectors).dtype == np.float32


def test_a_loader_is_served_sample_by_sample():
    data = Toy(pipeline=AUGMENT)
    served = data.__getitems__([(3, 1), 2])
    assert not data.serves_batches and equal(served[0], data[3, 1]) and equal(served[1], data[2])


class Needy:
    """A transform that needs semseg itself."""

    needs = ('semseg',)

    def __call__(self, sample, kinds, rng):
        assert sample['targets']['semseg'] is not None
        return sample


def test_what_a_transform_reads_is_not_served():
    data = Toy(tasks={'depth': 'depth'}, pipeline=[Needy()])
    assert set(data[0]['targets']) == {'depth'}
    data.kinds = {**data.kinds, 'semseg': KINDS['class_map']}  # as a union does
    assert {task: bool(there) for task, there in data[0]['present'].items()} == {'depth': True, 'semseg': False}
    assert (data[0]['targets']['semseg'] == IGNORE).all()
    assert data.metainfo['num_classes'] == {}


def test_the_class_count_of_a_task_says_nothing_of_labels_that_are_only_read():
    data = Toy(tasks={'depth': 'depth'}, pipeline=[Needy()], num_classes={'semseg': 2})  # the labels have 4
    assert data[0]['present']['depth'] and data.stored_classes('semseg') == 4


def test_a_broken_label_that_is_only_read_is_not_called_a_task():
    def spoil(sample):
        sample['targets']['semseg'][5, 5] = 9

    with pytest.raises(BadData, match='read only for Needy') as refused:
        Toy(tasks={'depth': 'depth'}, pipeline=[Needy()], change=spoil)[0]
    assert 'out of the tasks' not in str(refused.value)


def test_two_label_spaces_are_refused_or_mapped():
    with pytest.raises(ValueError, match="labels 'semseg' with 4 classes, the task 'semseg' has 2") as refused:
        Toy(tasks={'semseg': 'class_map'}, num_classes={'semseg': 2})
    assert 'label_maps=dict(semseg=' in str(refused.value)
    plain, data = Toy(tasks={'semseg': 'class_map', 'scene': 'class_label'}), Toy(
        tasks={'semseg': 'class_map', 'scene': 'class_label'}, num_classes={'semseg': 2, 'scene': 2},
        label_maps={'semseg': {0: 1, 1: None, 2: 0, 3: 0}, 'scene': [0, 1, None]})
    before, after = plain[0], data[0]
    ids = before['targets']['semseg']
    assert torch.equal(after['targets']['semseg'], torch.tensor([1, 255, 0, 0, *[255] * 252], dtype=torch.uint8)[ids.long()])
    assert before['present']['scene'] and not after['present']['scene']  # class 2 causes a missing label
    assert data.metainfo['num_classes'] == {'semseg': 2, 'scene': 2}


def test_a_label_map_of_what_is_not_labelled_is_refused():
    with pytest.raises(ValueError, match="label_maps names 'parts'"):
        Toy(tasks={'semseg': 'class_map'}, label_maps={'parts': [0]})
