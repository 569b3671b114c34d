import sys

import pytest

from mtkd.datasets import BadData
from mtkd.datasets.tables import read_rows, read_table


def write(path, text):
    path.write_text(text)
    return path


def test_csv_and_tabs(tmp_path):
    path = write(tmp_path / 'a.csv', '\ufeffx, y\n1,"a,b"\n\n2,c\n')
    assert read_table(path, ['x']) == {'x': ['1', '2'], 'y': ['a,b', 'c']}
    assert read_table(write(tmp_path / 'a.txt', 'x\ty\n1\t(0, 2)\t\n')) == {'x': ['1'], 'y': ['(0, 2)']}
    assert read_table(write(tmp_path / 'b.csv', 'x,y\n'), ['y']) == {'y': []}


def test_a_table_without_a_header(tmp_path):
    path = write(tmp_path / 'a.csv', '1,2\n3,4\n')
    assert read_table(path, ['x'], header=['x', 'y']) == {'x': ['1', '3'], 'y': ['2', '4']}
    path = write(tmp_path / 'b.csv', 'y,x\n3,4\n')
    assert read_table(path, ['x'], header=['x', 'y']) == {'y': ['3'], 'x': ['4']}


def test_rows_come_one_by_one(tmp_path):
    rows = read_rows(write(tmp_path / 'a.csv', 'x,y\n1,2\n3\n'), ['x'])
    assert next(rows) == {'x': '1', 'y': '2'}
    with pytest.raises(BadData, match='line 3 has 1 fields, its header names 2'):
        next(rows)


@pytest.mark.parametrize(('name', 'content', 'text'), [
    ('a.csv', 'x,y\n1,2,3\n', 'line 2 has 3 fields'), ('a.csv', 'x,x\n', "names the column 'x' twice"),
    ('a.csv', '', 'is empty'), ('a.csv', 'a,b\n', r"no column 'x' \(it has a, b\)"),
    ('a.parquet', 'nonsense', 'parquet')])
def test_what_is_wrong_is_said(tmp_path, name, content, text):
    with pytest.raises(ValueError, match=text):
        read_table(write(tmp_path / name, content), ['x'])


def test_missing_and_undecodable(tmp_path):
    for name in ('no.csv', 'no.parquet'):
        with pytest.raises(BadData, match='is missing: check data_root'):
            read_table(tmp_path / name)
    (tmp_path / 'a.csv').write_bytes(b'x\n\xff\xfe\n')
    with pytest.raises(BadData, match='save it again as UTF-8'):
        read_table(tmp_path / 'a.csv')


def test_parquet_wants_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pyarrow', None)
    with pytest.raises(ValueError, match='pip install pyarrow, or save the table as csv'):
        read_table(write(tmp_path / 'a.parquet', 'x'))


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip('pyarrow', reason='pyarrow is optional')
    parquet = pytest.importorskip('pyarrow.parquet')
    parquet.write_table(pyarrow.table({'x': [1, None], 'y': ['a', None]}), tmp_path / 'a.parquet')
    assert read_table(tmp_path / 'a.parquet', ['x']) == {'x': [1, None], 'y': ['a', None]}
    with pytest.raises(BadData, match="no column 'z'"):
        read_table(tmp_path / 'a.parquet', ['z'])
