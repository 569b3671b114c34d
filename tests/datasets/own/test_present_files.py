import pyarrow as pa
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.own import present_files
from mtkd.datasets.own.present_files import check_present


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(present_files, 'LISTED', 3)
    for name in ('a/%d', 'b/c/%d', '%d'):
        for i in range(8):
            path = tmp_path / 'data' / (name % i)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return tmp_path / 'data'


def check(root, paths, base=''):
    column = pa.chunked_array([pa.array(paths[:2], pa.string()), pa.array(paths[2:], pa.string())])
    check_present(column, root / base, root, "X 'train'")


def test_files_in_any_order_and_folder(root):
    check(root, ['a/7', None, 'b/c/1', '3', *(f'a/{i}' for i in range(7)), 'b/c/0', '5'])
    check(root, ['c/1', 'c/2'], 'b')
    check(root, [])


@pytest.mark.parametrize(('paths', 'said'), [
    ([*(f'a/{i}' for i in range(9)), 'b/9'], r"X 'train': 2 files are missing \(.*a/8, .*b/9\): complete the data set"),
    (['x/1', 'x/2', 'x/3', 'x/4', 'x/5'], r'5 files are missing \(.*x/3 and 2 more\)'),
    (['../1'], r'1 is not below data_root'),
    (['/etc/hostname'], 'hostname is not below data_root'), (['a/..'], 'is not below data_root')])
def test_missing_files_and_those_elsewhere(root, paths, said):
    with pytest.raises(BadData, match=said):
        check(root, paths)
