import numpy as np
import pytest

from mtkd.datasets import BadData, Manifest

from ..faces.copies import picture

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
        with pytest.raises(ValueError, match='classes or numbers of whole pictures'):
            Manifest(tasks, tmp_path)
    with pytest.raises(BadData, match=r'manifest\.csv is missing'):
        Manifest(TASKS, tmp_path).full_init()


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip('pyarrow', reason='pyarrow is optional')
    parquet = pytest.importorskip('pyarrow.parquet')
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
