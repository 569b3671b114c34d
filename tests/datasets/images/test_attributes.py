"""Common behaviour of all data sets of image-level labels, tested on a small one."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mtkd.datasets import AttributeDataset, BadData, MixSampler, MultiDataset, collate
from mtkd.datasets.images import attributes
from mtkd.datasets.images.attributes import fitted, random_part

from ..faces.copies import picture

TASKS = {'age': 'scalar', 'race': 'class_label'}


class Faces(AttributeDataset):
    """Images written by the test; the raw values of image i are those of ``values[field][i]``."""

    OFFERS = {'age': 'scalar', 'race': 'class_label'}
    LABEL_MAPS = {'race': {'White': 0, 'Black': 1, 'unsure': None}}
    LIMITS = {'age': (0, 100)}
    CLASSES = {'race': ('White', 'Black')}
    values = {'age': ['12', '130', '', 'old', '7.5', '1'], 'race': ['White', 'Black', 'unsure', 'Green', 'Green', '']}

    def records(self):
        return [{'sample_id': f'{i}.png', 'files': {'image': self.data_root / f'{i}.png'},
                 'values': {field: values[i] for field, values in self.values.items()}} for i in range(6)]


@pytest.fixture
def root(tmp_path):
    for i in range(6):
        picture(tmp_path / f'{i}.png', i)
    return tmp_path


@pytest.fixture
def told(monkeypatch):
    """The messages of the log."""
    lines = []
    monkeypatch.setattr(attributes, 'print_log', lambda message, *_: lines.append(message))
    return lines


def labels(data, task):
    return [data.load(i)['targets'][task] for i in range(len(data))]


def test_labels_through_the_maps_and_what_is_told(root, told):
    data = Faces(TASKS, root)
    assert labels(data, 'age') == [12, 100, None, None, 7.5, 1] and labels(data, 'race') == [0, 1, None, None, None, None]
    assert data.label_counts() == {'age': 4, 'race': 2} and data.num_classes['race'] == 2
    assert len(told) == 2
    assert "Faces 'train', age: 1 of 6 values are not known to its label map ('old' 1x)" in told[0]
    assert "race: 2 of 6 values are not known to its label map ('Green' 2x)" in told[1]


def test_a_config_replaces_the_maps(root, told):
    data = Faces(TASKS, root, label_maps={'race': {'White': 1, 'Black': 1, 'Green': 2, 'unsure': 0}})
    assert labels(data, 'race') == [1, 1, 0, 2, 2, None] and data.num_classes['race'] == 3
    assert 'race' not in data.metainfo['classes'] and Faces(TASKS, root).metainfo['classes'] == {'race': ('White', 'Black')}


def test_numbers_as_classes_and_another_task_name(root, told):
    groups = {'age': [(0, 10), (11, 50)]}
    assert labels(Faces({'age': 'class_label'}, root, label_maps=groups), 'age') == [1, None, None, None, 0, 0]
    both = Faces({'age': 'scalar', 'age_group': 'class_label'}, root, fields={'age_group': 'age'},
                 label_maps={'age_group': [(0, 10), (11, 50)]})
    assert labels(both, 'age_group') == [1, None, None, None, 0, 0] and labels(both, 'age')[0] == 12
    years = Faces({'race': 'scalar'}, root, label_maps={'race': {'White': 0.5, 'Black': 2}})
    assert labels(years, 'race')[:2] == [0.5, 2]


def test_a_field_can_be_kept_from_a_task(root, told):
    data = Faces(TASKS, root, fields={'age': None})
    assert data[0]['present'] == {'age': False, 'race': True} and data.label_counts() == {'age': 0, 'race': 2}


def test_kept_labels_and_unlabelled_sets(root, told):
    data = Faces(TASKS, root, keep=('race',))
    assert data.label_counts() == {'age': 0, 'race': 2} and not data[0]['present']['age']
    assert Faces({'age': 'scalar'}, root, keep=('race',)).label_counts() == {'age': 0}
    assert Faces(TASKS, root, keep=()).label_counts() == {'age': 0, 'race': 0}
    other = Faces({'expression': 'class_label'}, root, keep=())[3]
    assert other['present'] == {'expression': False} and int(other['targets']['expression']) == -1


def test_parts_are_disjoint_and_together_everything():
    for shares in ([1, 1, 1], [2, 2, 2, 1, 1, 1, 3], [0.7, 0.3]):
        parts = [random_part(100, shares, i, 5) for i in range(len(shares))]
        assert sorted(np.concatenate(parts).tolist()) == list(range(100))
        assert all(abs(len(part) - 100 * share / sum(shares)) <= 1 for part, share in zip(parts, shares, strict=True))
        assert all((np.diff(part) > 0).all() for part in parts)
    assert not np.array_equal(random_part(100, [1, 1], 0, 0), random_part(100, [1, 1], 0, 1))
    assert np.array_equal(random_part(100, [1, 1], 0, 0), random_part(100, [1, 1], 0, 0))


def test_a_part_of_a_data_set(root, told):
    ids = [[Faces(TASKS, root, keep=(), parts=2, part=i).load(k)['meta']['sample_id'] for k in range(3)] for i in range(2)]
    assert sorted(ids[0] + ids[1]) == [f'{i}.png' for i in range(6)]


def test_pictures_are_resized_and_a_domain_is_applied_once(root, told):
    plain = Faces(TASKS, root, size=(12, 10))
    assert plain.load(3)['image'].shape == (12, 10, 3) and plain.metainfo['domain'] == 'main'
    grey = Faces(TASKS, root, size=(12, 10), domains={'grey': {'type': 'DomainShift', 'grey': 1}}, domain='grey', cache=True)
    image = grey.load(3)['image']
    assert (image == image[..., :1]).all() and grey.load(3)['image'] is image and grey.metainfo['domain'] == 'grey'
    assert abs(image.mean() - plain.load(3)['image'].mean()) < 8
    assert fitted(np.zeros((4, 4, 3), np.uint8), (8, 6)).shape == (8, 6, 3)


def test_a_broken_picture_is_black_unlabelled_and_named_once(root, told):
    (root / '0.png').write_bytes(b'no picture')
    (root / '4.png').write_bytes((root / '4.png').read_bytes()[:200])
    data = Faces(TASKS, root, keep=('age',), max_broken=2)
    for _ in range(2):
        for index in (0, 4):
            sample = data[index]
            assert not sample['image'].any() and sample['present'] == {'age': False, 'race': False}
            assert sample['image'].shape == (3, 64, 64)
    assert data[1]['present']['age'] and data[1]['image'].any()
    broken = [line for line in told if 'cannot be read' in line]
    assert len(broken) == 2 and "'0.png'" in broken[0] and 'number 2 of at most 2' in broken[1]


def test_one_broken_picture_too_many_ends_the_run(root, told):
    for i in (1, 3):
        (root / f'{i}.png').write_bytes(b'')
    data = Faces(TASKS, root, keep=('age',), max_broken=1)
    data[1]
    with pytest.raises(BadData, match=r"2 images cannot be read, max_broken=1 are allowed; the last is '3.png'"):
        data[3]
    with pytest.raises(BadData, match='max_broken=0'):
        Faces(TASKS, root, max_broken=0, cache='preload').full_init()


def test_broken_pictures_are_counted_over_workers(root, told):
    for i in (1, 3):
        (root / f'{i}.png').write_bytes(b'')
    data = Faces(TASKS, root, keep=('age',), max_broken=5)
    data.full_init()
    loader = DataLoader(data, batch_size=1, num_workers=2, collate_fn=collate, sampler=[0, 1, 2, 3, 4, 5])
    assert [bool(batch['image'].any()) for batch in loader] == [True, False, True, False, True, True]
    assert data.unreadable.tolist() == [0, 1, 0, 1, 0, 0]


def test_a_missing_file_is_found_at_the_start(root, told):
    (root / '2.png').unlink()
    with pytest.raises(BadData, match=r'1 files are missing .*2\.png'):
        Faces(TASKS, root).full_init()


@pytest.mark.parametrize('pipeline', [[], [{'type': 'RandomHFlip'}, {'type': 'RandomTranslate', 'max_shift': 3}]])
def test_a_whole_batch_is_to_the_bit_the_samples_one_by_one(root, told, pipeline):
    (root / '5.png').write_bytes(b'')
    data = MultiDataset([
        Faces(TASKS, root, name='a', keep=('age',), cache='preload', pipeline=pipeline, seed=3, views=2),
        Faces({'race': 'class_label'}, root, name='b', keep=(), cache='preload', pipeline=pipeline)])
    data.full_init()
    keys = [(0, 1, 0), (1, 5, 2), (0, 5, 1), (0, 1, 3), (1, 0, 0), (0, 3, 7)]
    assert all(d.serves_batches for d in data.datasets)
    single, whole = collate([data[key] for key in keys]), collate(data.__getitems__(keys))
    assert torch.equal(single['image'], whole['image']) and single['meta'] == whole['meta']
    for task in TASKS:
        assert torch.equal(single['present'][task], whole['present'][task])
        assert single['targets'][task].dtype == whole['targets'][task].dtype
        assert torch.equal(single['targets'][task].nan_to_num(-9), whole['targets'][task].nan_to_num(-9))
    assert whole['present']['age'].tolist() == [True, False, False, True, False, False]


def test_where_whole_batches_cannot_be_cut(root, told):
    photometric = Faces(TASKS, root, cache='preload', pipeline=[{'type': 'PhotoMetricDistortion'}])
    assert not photometric.serves_batches and not Faces(TASKS, root).serves_batches
    assert len(photometric.__getitems__([0, 1])) == 2
    with pytest.raises(IndexError, match='no number 6'):
        Faces(TASKS, root, cache='preload').__getitems__([0, 6])


def test_stored_teacher_rows_come_with_a_whole_batch(root, told):
    data = Faces(TASKS, root, cache='preload')
    data.stored = {'pseudo': {'age.probs': np.arange(12, dtype=np.float32).reshape(6, 2)}}
    keys = [4, 1]
    whole, single = collate(data.__getitems__(keys)), collate([data[key] for key in keys])
    assert torch.equal(whole['teacher']['pseudo']['age.probs'], single['teacher']['pseudo']['age.probs'])


def test_batches_by_root_of_size(root, told):
    parts = [Faces(TASKS, root, name=str(i), keep=(), parts=(4, 1, 1), part=i) for i in range(3)]
    assert sum(MixSampler(MultiDataset(parts)).quota(16)) == 16


@pytest.mark.parametrize(('arguments', 'text'), [
    ({'unknown': 'x'}, "use 'missing' or 'error'"), ({'keep': ('gendr',)}, "keep names 'gendr', which is neither a task"),
    ({'label_maps': {'gendr': {}}}, "label_maps names 'gendr'"),
    ({'fields': {'age': 'years'}}, "'years', which it does not have; it has age, race"),
    ({'parts': 3}, 'part=None, parts=3'), ({'parts': 3, 'part': 3}, 'part=3'), ({'parts': (1, 0), 'part': 0}, 'positive'),
    ({'domain': 'night'}, "the domain 'night', which its domains=dict"),
    ({'num_classes': {'race': 1}}, r"with 2 classes \(White, Black\), the task 'race' has 1"),
    ({'tasks': {'age': 'class_label'}}, "has 'age' as a number, the task 'age' wants classes: say how"),
    ({'tasks': {'race': 'scalar'}}, "has 'race' as classes, the task 'race' wants a number: say how"),
    ({'tasks': {'expression': 'class_label'}}, 'offers none of the requested tasks'),
    ({'tasks': {'age': 'depth'}}, 'requested as depth')])
def test_a_wrong_argument_is_one_sentence(root, arguments, text):
    with pytest.raises(ValueError, match=text):
        Faces(**{'tasks': TASKS, 'data_root': root, **arguments})


def test_unknown_values_and_wrong_classes_on_request(root, told):
    with pytest.raises(BadData, match=r"'old' 1x\): add them to label_maps"):
        Faces(TASKS, root, unknown='error').full_init()

    class Numbered(Faces):
        LABEL_MAPS, CLASSES = {}, {}
        values = {'age': ['1'] * 6, 'race': ['0', '1', '', '7', '0', '0']}

    with pytest.raises(BadData, match=r"sample '3.png' has race 7, allowed are 0 to 4, and -1 or nothing"):
        Numbered(TASKS, root, num_classes={'race': 5}).full_init()


def test_no_label_for_any_task(root, told):
    class Bare(Faces):
        values = {'age': [''] * 6, 'race': ['Green'] * 6}

    with pytest.raises(BadData, match=r"no label for any of its tasks \(age, race\).*say keep=\(\)"):
        Bare(TASKS, root).full_init()
    assert len(Bare(TASKS, root, keep=())) == 6
