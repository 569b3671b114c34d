import json

import pyarrow as pa
import pyarrow.parquet
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.own import tables
from mtkd.datasets.own.tables import read_batches


def read(path):
    schema, batches = read_batches(path)
    return pa.Table.from_batches(batches, schema).to_pydict()


def write(path, text):
    path.write_text(text)
    return path


def test_text_is_taken_as_it_stands(tmp_path):
    path = write(tmp_path / 'a.csv', '\ufeffx, y\n001,"a,b"\n\n , \n2.0,NA\n"l1\nl2",\n')
    assert read(path) == {'x': ['001', '2.0', 'l1\nl2'], 'y': ['a,b', 'NA', '']}
    assert read(write(tmp_path / 'a.tsv', 'x\ty\n1\t(0, 2)\n')) == {'x': ['1'], 'y': ['(0, 2)']}
    assert read(write(tmp_path / 'b.csv', 'x,y\n')) == {'x': [], 'y': []}


def test_where_arrow_stumbles_the_slow_reader_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, 'BLOCK', 64)  # many batches
    monkeypatch.setattr(tables, 'ROWS', 7)
    lines = [f'{i},{i * i}' for i in range(200)]
    lines[150] += ','  # a separator at the end of the line
    lines[20] = ','  # a line without a value
    path = write(tmp_path / 'a.csv', '\n'.join(['x,y', *lines, '']))
    assert read(path)['x'] == [str(i) for i in range(200) if i != 20]


@pytest.mark.parametrize(('name', 'content', 'said'), [
    ('a.csv', 'x,y\n1,2\n1,2,3\n', 'a.csv line 3 has 3 fields, its header names 2'), ('a.csv', 'x, x\n1,2\n', 'the column '
                                                                                                              "'x' twice"),
    ('a.csv', '', 'is empty'), ('a.parquet', 'nonsense', 'not a readable .parquet table'),
    ('a.jsonl', '{"x": 1}\n{"x"', 'not a readable .jsonl'),
    ('a.jsonl', '{"x": 1}\n{"x": "a"}\n', 'not a readable .jsonl table .*: write it again')])
def test_what_is_wrong_is_said(tmp_path, name, content, said):
    with pytest.raises(BadData, match=said):
        read(write(tmp_path / name, content))


def test_undecodable_and_missing(tmp_path):
    for content in (b'x\n\xff\xfe\n', b'\xff\xfe\n1\n'):
        (tmp_path / 'a.csv').write_bytes(content)
        with pytest.raises(BadData, match=r'a\.csv .* save it again as UTF-8'):
            read(tmp_path / 'a.csv')
    with pytest.raises(BadData, match='is missing: check data_root'):
        read(tmp_path / 'b.csv')


def test_parquet_and_json_lines_keep_their_types(tmp_path):
    rows = [{'x': 1, 'y': 'a'}, {'x': None, 'y': None}]
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / 'a.parquet')
    write(tmp_path / 'a.jsonl', '\n'.join(json.dumps(row) for row in [rows[0], {}]))
    for name in ('a.parquet', 'a.jsonl'):
        assert read(tmp_path / name) == {'x': [1, None], 'y': ['a', None]}
