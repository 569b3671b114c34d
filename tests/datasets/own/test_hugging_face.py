"""Hugging Face's datasets: folders, parquet files, nulls, and class names."""

import sys

import numpy as np
import pytest

from mtkd.datasets import BadData, HuggingFaceDataset
from mtkd.registry import DATASETS

from .rooms import COUNT, SCENES, check_against_rooms, check_company, png, room

datasets = pytest.importorskip('datasets', reason='Hugging Face datasets is optional')
RULES = {'semseg': {'column': 'mask'}, 'depth': {'scale': 0.001}, 'ignore': ['scene']}
TASKS = {'semseg': 'class_map', 'depth': 'depth'}


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    """Rooms as a DatasetDict on disk and as two parquet files; the depth of room 3 is null."""
    root = tmp_path_factory.mktemp('hf')
    rooms = [room(number) for number in range(COUNT)]
    features = datasets.Features({
        'image': datasets.Image(), 'mask': datasets.Image(), 'depth': datasets.Array2D((72, 104), 'uint16'),
        'scene': datasets.ClassLabel(names=['kitchen', 'office'])})
    rows = {'image': [{'bytes': png(image)} for image, _, _ in rooms],
            'mask': [{'bytes': png(mask)} for _, mask, _ in rooms],
            'depth': [None if number == 3 else depth for number, (_, _, depth) in enumerate(rooms)],
            'scene': [SCENES[number % 3] for number in range(COUNT)]}
    made = datasets.Dataset.from_dict(rows, features)
    datasets.DatasetDict({'train': made, 'val': made.select([0, 3])}).save_to_disk(root / 'saved')
    (root / 'data').mkdir()
    for part in range(2):
        made.shard(2, part, contiguous=True).to_parquet(root / 'data' / f'train-{part}.parquet')
    return root


def build(root, path='saved', **given):
    return DATASETS.build({'type': 'HuggingFaceDataset', 'data_root': str(root), 'path': path,
                           'cache_dir': str(root / 'cache'), **given})


@pytest.mark.parametrize('path', ['saved', 'data/{split}-*.parquet'])
def test_folders_and_parquet_files(saved, path):
    check_against_rooms(build(saved, path, tasks=TASKS, **RULES))


def test_classes_and_their_names(saved):
    data = build(saved, tasks={'scene': 'class_label'}, ignore=['mask', 'depth'])
    data.full_init()
    assert data.metainfo['classes'] == {'scene': ('kitchen', 'office')} and data.num_classes == {'scene': 2}
    assert [data.load(i)['targets']['scene'] for i in range(3)] == [0, 1, None]
    assert data.load(0)['image'].shape == (64, 64, 3) and data.label_counts() == {'scene': 6}
    turned = build(saved, tasks={'room': 'class_label'}, fields={'room': 'scene'}, ignore=['mask', 'depth'],
                   label_maps={'room': {'kitchen': 4, 'office': 0}})
    assert [turned.load(i)['targets']['room'] for i in range(3)] == [4, 0, None]


def test_in_company(saved, tmp_path):
    check_company(lambda **given: build(saved, ignore=['mask', 'depth'], **given), tmp_path)


def test_bytes_and_paths(tmp_path):
    np.save(tmp_path / 'depth.npy', np.full((4, 4), 2, np.float32))
    rows = {'image': [png(np.zeros((4, 4, 3), np.uint8))] * 3, 'depth': ['depth.npy', None, '../etc.npy'],
            'raw': [(tmp_path / 'depth.npy').read_bytes()] * 3, 'name': ['a', 'b', 'c']}
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / 'all')
    data = build(tmp_path, '{split}', split='all', id='name', depth={}, far={'column': 'raw', 'kind': 'depth'})
    data.LOOKS_AT = 0
    assert data.load(0)['targets']['depth'].tolist() == data.load(0)['targets']['far'].tolist() == [[2] * 4] * 4
    assert data.load(1)['targets']['depth'] is None and data.load(1)['meta']['sample_id'] == 'b'
    with pytest.raises(BadData, match=r"row 2, column 'depth' names \.\./etc\.npy, which is no file below data_root"):
        data.load(2)


@pytest.mark.parametrize(('given', 'said'), [
    ({'split': 'test', 'tasks': TASKS, **RULES}, "has no split 'test'; it has train, val"),
    ({'path': 'nowhere', 'tasks': TASKS, **RULES}, 'must be a folder of save_to_disk, or parquet files; there is none'),
    ({'path': 'data', 'tasks': TASKS, **RULES}, "is no data set that Hugging Face's datasets reads"),
    ({'tasks': TASKS, **RULES, 'ignore': []}, "a column 'scene' .* that no task knows"),
    ({'tasks': TASKS, **RULES, 'image': 'photo'}, "has no column 'photo'"),
    ({'tasks': TASKS, **RULES, 'semseg': 'masks'}, "has no column 'masks'"),
    ({'tasks': {'mask': 'class_label'}, 'ignore': ['scene', 'depth']}, "column 'mask' is struct.*a label of a whole image "
                                                                       'is'),
    ({'tasks': {'scene': 'class_label'}, 'num_classes': {'scene': 3}, 'ignore': ['mask', 'depth']},
     r"labels 'scene' with 2 classes \(kitchen, office\), the task has 3: set num_classes=2"),
    ({'tasks': {'scene': 'class_label'}, 'id': 'scene', 'ignore': ['mask', 'depth']}, "the column 'scene' names the "
                                                                                      'samples, but row 2 has no name')])
def test_what_is_wrong_is_said(saved, given, said):
    with pytest.raises(BadData, match=said):
        build(saved, **given).full_init()


def test_a_folder_of_one_split(saved):
    data = build(saved, 'saved/train', split='train', tasks=TASKS, **RULES)
    with pytest.raises(BadData, match="is a data set without splits, asked for is 'train': give split='all'"):
        data.full_init()
    assert len(build(saved, 'saved/{split}', split='val', tasks=TASKS, **RULES)) == 2


def test_the_package_is_wanted(saved, monkeypatch):
    data = HuggingFaceDataset(TASKS, saved, path='saved', **RULES)
    monkeypatch.setitem(sys.modules, 'datasets', None)
    with pytest.raises(ValueError, match="needs Hugging Face's datasets: pip install datasets"):
        data.full_init()


PICTURE = png(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize(('columns', 'said'), [
    ({'image': [PICTURE, None]}, r"has no image in the column 'image' of 1 of 2 rows \(the first is row 1\): remove them"),
    ({'image': [{'bytes': PICTURE}, {'bytes': None}]}, r'of 1 of 2 rows \(the first is row 1\)'),
    ({'image': [1, 2]}, "the column 'image' is int64, but images and label maps are Image columns, bytes of a file"),
    ({'image': [{'a': 1}] * 2}, "the column 'image' is struct"), ({'semseg': [1.5, 2.0]}, "the column 'semseg' is double"),
    ({'semseg': None}, "has no column 'semseg' .*: correct its name, or leave its task out of the data set"),
    ({'name': ['a', 'a']}, "names the samples, but two have the name 'a'"), ({'name': [[1], [2]]}, "'name' is list.*text"),
    ({'semseg': [b'text', b'text']}, r"row 0, column 'semseg' is not a readable image \(its content is of no known image"),
    ({'semseg': [png(np.full((4, 4), 9, np.uint8))] * 2}, "row 0, column 'semseg' is no semseg label: it holds class 9")])
def test_wrong_columns(tmp_path, columns, said):
    rows = {'image': [PICTURE] * 2, 'semseg': [png(np.eye(4, dtype=np.uint8))] * 2, 'name': ['a', 'b'], **columns}
    datasets.Dataset.from_dict({name: cell for name, cell in rows.items() if cell}).save_to_disk(tmp_path / 'all')
    with pytest.raises(BadData, match=said):
        build(tmp_path, '{split}', split='all', id='name', tasks={'semseg': 'class_map'}, num_classes={'semseg': 3},
              semseg={}).full_init()


def test_parquet_files_without_rows_or_the_end(saved, tmp_path):
    part = (saved / 'data' / 'train-0.parquet')
    empty = datasets.Dataset.from_parquet(str(part), cache_dir=str(tmp_path / 'cache')).select([])
    empty.to_parquet(tmp_path / 'train-1.parquet')
    with pytest.raises(BadData, match='has no rows: check path and data_root'):
        build(tmp_path, '{split}-*.parquet', tasks=TASKS, **RULES).full_init()
    (tmp_path / 'train-0.parquet').write_bytes(part.read_bytes())
    assert len(build(tmp_path, '{split}-*.parquet', tasks=TASKS, **RULES)) == COUNT // 2
    (tmp_path / 'train-2.parquet').write_bytes(part.read_bytes()[:-9])
    with pytest.raises(BadData, match=r'train-2\.parquet is not a readable \.parquet table'):
        build(tmp_path, '{split}-*.parquet', tasks=TASKS, **RULES).full_init()
