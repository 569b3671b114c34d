import pickle

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from mtkd.datasets import BadData, Manifest
from mtkd.datasets.own import arrow_rows
from mtkd.registry import DATASETS

from ..faces.copies import picture
from .rooms import COUNT, SCENES, check_against_rooms, check_company, png, room

TASKS = {'age': 'scalar', 'gender': 'class_label', 'depth': 'depth'}


def write(root, *lines, name='manifest.csv'):
    for i in range(4):
        picture(root / 'pictures' / f'{i}.png', i)
    (root / name).write_text('\n'.join(lines) + '\n')
    return root


def test_empty_is_missing(tmp_path):
    write(tmp_path, 'path,age,gender', 'pictures/0.png,31.5,1', 'pictures/1.png,,0', 'pictures/2.png,nan,')
    data = Manifest(TASKS, tmp_path)
    assert [data.load(i)['targets'] for i in range(3)] == [
        {'age': 31.5, 'gender': 1}, {'age': None, 'gender': 0}, {'age': None, 'gender': None}]
    assert data.label_counts() == {'age': 1, 'gender': 2, 'depth': 0}
    sample = data[0]
    assert sample['meta']['sample_id'] == 'pictures/0.png' and sample['present'] == {'age': True, 'gender': True,
                                                                                      'depth': False}


def test_fields_maps_folder_and_ignored_columns(tmp_path):
    write(tmp_path, 'file,years,sex,camera', '0.png,20,F,x', '1.png,64,M,y', name='faces_val.csv')
    data = Manifest({'age': 'scalar', 'age_group': 'class_label', 'gender': 'class_label'}, tmp_path, split='val',
                    table='faces_{split}.csv', path='file', images='pictures', ignore=['camera'],
                    fields={'age': 'years', 'age_group': 'years', 'gender': 'sex'},
                    label_maps={'gender': {'M': 0, 'F': 1}, 'age_group': [(0, 29), (30, 99)]})
    assert [data.load(i)['targets'] for i in range(2)] == [
        {'age': 20, 'age_group': 0, 'gender': 1}, {'age': 64, 'age_group': 1, 'gender': 0}]


def test_split_column(tmp_path):
    write(tmp_path, 'path,split,gender', 'pictures/0.png,train,1', 'pictures/1.png,val,0', 'pictures/2.png,train,0')
    assert len(Manifest(TASKS, tmp_path)) == 2 and len(Manifest(TASKS, tmp_path, split='val')) == 1
    with pytest.raises(BadData, match="the split 'test' of Manifest in .* is empty"):
        Manifest(TASKS, tmp_path, split='test').full_init()


def test_a_table_for_more_tasks_than_this_run(tmp_path):
    write(tmp_path, 'path,age,gender', 'pictures/0.png,31,1')
    assert Manifest({'age': 'scalar'}, tmp_path, ignore=('gender',)).load(0)['targets'] == {'age': 31}
    assert Manifest({'age': 'scalar'}, tmp_path, label_maps={'gender': {0: 0}}).load(0)['targets'] == {'age': 31}


def test_unlabelled_pictures(tmp_path):
    write(tmp_path, 'path', 'pictures/0.png', 'pictures/3.png')
    with pytest.raises(BadData, match='no label for any of its tasks'):
        Manifest(TASKS, tmp_path).full_init()
    assert not any(Manifest(TASKS, tmp_path, keep=())[1]['present'].values())


@pytest.mark.parametrize(('lines', 'arguments', 'text'), [
    (['path,gendr', 'pictures/0.png,1'], {}, r"column 'gendr' that no task knows \(tasks: age, gender, depth\)"),
    (['file,gender', '0.png,1'], {}, r"no column 'path' \(it has file, gender\)"),
    (['path,gender', 'pictures/0.png,1'], {'fields': {'age': 'years'}}, "no column 'years'"),
    (['path,gender', 'pictures/0.png,1'], {'label_maps': {'gendr': {}}}, "'gendr', which is neither a task"),
    (['path,gender', 'pictures/0.png,1'], {'keep': ('gendr',)}, "'gendr', which is neither a task"),
    (['path,gender', ',1'], {}, 'a row without a path'),
    (['path,gender', 'pictures/0.png,1', 'pictures/0.png,0'], {}, "'pictures/0.png' twice"),
    (['path,gender', 'pictures/9.png,1'], {}, r'1 files are missing .*9\.png'),
    (['path,gender', 'pictures/0.png,5'], {'num_classes': {'gender': 2}}, 'has gender 5, allowed are 0 to 1'),
    (['path,gender', 'pictures/0.png,-7'], {}, "sample 'pictures/0.png' has gender -7, allowed are whole numbers from 0"),
    (['path,age', 'pictures/0.png,1e300'], {}, r"'pictures/0.png': age is 1e\+300, which no float32 holds"),
    (['path,gender', '../other/0.png,1'], {}, r'other/0\.png is not below data_root'),
    (['path,gender', '/etc/hostname,1'], {}, '/etc/hostname is not below data_root'),
    (['path,gender', 'pictures/0.png,1,2'], {}, 'line 2 has 3 fields')])
def test_what_is_wrong_is_said(tmp_path, lines, arguments, text):
    write(tmp_path, *lines)
    with pytest.raises(BadData, match=text):
        Manifest(TASKS, tmp_path, **arguments).full_init()


def test_tasks_are_needed(tmp_path):
    for tasks in (None, {'depth': 'depth'}):
        with pytest.raises(ValueError, match='classes or numbers of whole images'):
            Manifest(tasks, tmp_path)
    with pytest.raises(BadData, match=r'manifest\.csv is missing'):
        Manifest(TASKS, tmp_path).full_init()


def test_parquet(tmp_path):
    write(tmp_path)
    table = pyarrow.table({'path': ['pictures/0.png', 'pictures/1.png'], 'age': [3.5, float('nan')], 'gender': [1, None]})
    parquet.write_table(table, tmp_path / 'faces.parquet')
    data = Manifest(TASKS, tmp_path, table='faces.parquet')
    assert [data.load(i)['targets'] for i in range(2)] == [{'age': 3.5, 'gender': 1}, {'age': None, 'gender': None}]
    assert np.array_equal(data[0]['image'].shape, (3, 64, 64))


def test_a_link_below_the_root_may_lead_elsewhere(tmp_path):
    root, elsewhere = tmp_path / 'root', tmp_path / 'elsewhere'
    root.mkdir()
    write(elsewhere, 'path,gender', '0.png,1')
    (root / 'linked').symlink_to(elsewhere / 'pictures')
    (root / 'manifest.csv').write_text('path,gender\nlinked/0.png,1\n')
    assert len(Manifest(TASKS, root)) == 1


@pytest.fixture
def rooms(tmp_path):
    """Images and label maps in folders, and a table that names them; room 3 has no depth."""
    for number in range(COUNT):
        for folder, array in zip(('photos', 'masks', 'depth'), room(number), strict=True):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f'{number}.png').write_bytes(png(array))
    lines = [f'{i}.png,{i}.png,{"" if i == 3 else f"depth/{i}.png"},{SCENES[i % 3] or ""}' for i in range(COUNT)]
    (tmp_path / 'rooms.csv').write_text('\n'.join(['photo,mask,height,scene', *lines]))
    return tmp_path


ROOMS = {'type': 'Manifest', 'table': 'rooms.csv', 'path': 'photo', 'images': 'photos', 'ignore': ['scene'],
         'semseg': {'column': 'mask', 'folder': 'masks'}, 'depth': {'column': 'height', 'scale': 0.001}}
DENSE = {'semseg': 'class_map', 'depth': 'depth'}


def test_columns_of_label_maps(rooms):
    check_against_rooms(DATASETS.build({**ROOMS, 'tasks': DENSE, 'data_root': rooms}))
    both = DATASETS.build({**ROOMS, 'tasks': {**DENSE, 'scene': 'class_label'}, 'data_root': rooms, 'ignore': [],
                           'size': (36, 52), 'label_maps': {'scene': {'kitchen': 0, 'office': 1}}})
    sample = both.load(1)
    assert sample['image'].shape == (36, 52, 3) and sample['targets']['semseg'].shape == (36, 52)
    assert sample['targets']['scene'] == 1 and both.label_counts() == {'semseg': 8, 'depth': 7, 'scene': 6}
    assert len(both[3]['present']) == 3 and not both[3]['present']['depth']


def test_label_maps_alone_need_no_tasks(rooms):
    data = DATASETS.build({**ROOMS, 'data_root': rooms, 'semseg': {**ROOMS['semseg'], 'classes': list('abc')}})
    assert data.metainfo['classes'] == {'semseg': ('a', 'b', 'c')} and data.num_classes == {'semseg': 3}
    assert len(data) == COUNT


def test_in_company(rooms, tmp_path):
    given = {key: value for key, value in ROOMS.items() if key not in ('semseg', 'depth')} | {'ignore': ['mask', 'height']}
    check_company(lambda **more: DATASETS.build({**given, 'data_root': rooms, 'label_maps': {
        'scene': {'kitchen': 0, 'office': 1}}, **more}), tmp_path)


@pytest.mark.parametrize(('given', 'kind', 'said'), [
    ({'depth': {'scale': 0.001}}, BadData, r"no column 'depth' for depth=dict\(column=…\) .*: correct"),
    ({'depth': {'column': 'hight', 'scale': 0.001}}, BadData, r"no column 'hight' for depth=dict\(column=…\)"),
    ({'depth': {'column': 'height', 'scal': 1}}, ValueError, r'depth=dict\(scal=...\) is not known .* it takes column, fol'),
    ({'depth': 3}, ValueError, 'depth=3 is neither an argument nor a label map'),
    ({'depth': {'column': 'height', 'folder': 'masks', 'scale': 0.001}}, BadData, r'7 files are missing'),
    ({'semseg': {'column': 'mask', 'folder': '../masks'}}, BadData, 'is not below data_root'),
    ({'label_maps': {'semseg': {0: 1}}}, ValueError, "label_maps names 'semseg', a label map"),
    ({'table': 'rooms.tar'}, BadData, 'a manifest is a table .* .tar shards by TarShards')])
def test_label_maps_that_cannot_be_served(rooms, given, kind, said):
    with pytest.raises(kind, match=said):
        DATASETS.build({**ROOMS, 'tasks': DENSE, 'data_root': rooms, **given}).full_init()


@pytest.mark.parametrize(('column', 'values', 'said'), [
    ('photo', [{'bytes': b'x'}], "rooms.parquet: the column 'photo' is struct.*, where text is expected"),
    ('mask', [['0.png']], "the column 'mask' is list.*, where text is expected: name another column"),
    ('mask', [b'\xff'], "the column 'mask' is binary, where text"), ('split', [['train']], "the column 'split' is list"),
    ('age', [[1]], "the column 'age' is list.*, a label of a whole image is"), ('age', [b'1'], "the column 'age' is binary"),
    ('mask', None, r"has no column 'mask' for semseg=dict\(column=…\) .*leave semseg=dict\(…\) out of the data set")])
def test_columns_of_a_wrong_type(rooms, column, values, said):
    cells = {'photo': ['0.png'], 'mask': ['0.png'], 'split': ['train'], 'age': [1], column: values}
    table = pyarrow.table({name: cell for name, cell in cells.items() if cell})
    parquet.write_table(table, rooms / 'rooms.parquet')
    data = Manifest({'semseg': 'class_map', 'age': 'scalar'}, rooms, table='rooms.parquet', path='photo', images='photos',
                    semseg={'column': 'mask', 'folder': 'masks'})
    with pytest.raises(BadData, match=said):
        data.full_init()


def test_a_column_of_a_dense_task_wants_rules(tmp_path):
    write(tmp_path, 'path,depth', 'pictures/0.png,d.png')
    with pytest.raises(BadData, match=r"a column 'depth' .*: its cells name files of label maps, say depth=dict\(\)"):
        Manifest(TASKS, tmp_path).full_init()


def test_rows_in_a_file_serve_as_those_in_memory(rooms, monkeypatch):
    given = {**ROOMS, 'tasks': DENSE, 'data_root': rooms, 'parts': 2, 'part': 1}
    held = DATASETS.build(given)
    held.full_init()
    monkeypatch.setattr(arrow_rows, 'SMALL', 0)
    mapped = pickle.loads(pickle.dumps(DATASETS.build(given)))
    mapped.full_init()
    assert mapped.held.path and len(mapped) == 4 and list(mapped.entries) == list(held.entries)
    again = pickle.loads(pickle.dumps(mapped))
    assert again.held.path == mapped.held.path and again.entries[2] == held.entries[2]
    np.testing.assert_array_equal(again[2]['image'], held[2]['image'])


def test_json_lines(tmp_path):
    write(tmp_path, '{"path": "pictures/0.png", "age": 3.5}', '{"path": "pictures/1.png", "gender": 1}', name='faces.jsonl')
    data = Manifest(TASKS, tmp_path, table='faces.jsonl')
    assert [data.load(i)['targets'] for i in range(2)] == [{'age': 3.5, 'gender': None}, {'age': None, 'gender': 1}]


def test_hidden_labels_are_not_served_from_memory_either(tmp_path):
    write(tmp_path, 'path,gender', *(f'pictures/{i}.png,1' for i in range(4)))
    data = Manifest({'gender': 'class_label'}, tmp_path, cache='preload', keep_labels={'share': 0.5})
    assert data.serves_batches and data.__getitems__([0, 1, 2, 3])['present']['gender'].sum() == 2
    assert (data.known_labels()['gender'] >= 0).sum() == data.label_counts()['gender'] == 2
