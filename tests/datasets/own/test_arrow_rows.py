import multiprocessing
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from mtkd.datasets.own import arrow_rows
from mtkd.datasets.own.arrow_rows import ArrowRows, HeldTable


def as_entry(number, row):
    return {'number': number, **row}


def batches(count=3):
    schema = pa.schema([('x', pa.int64()), ('s', pa.string())])
    return schema, [pa.RecordBatch.from_pydict({'x': [i, i + 10], 's': [f's{i}', None]}, schema) for i in range(count)]


@pytest.fixture
def file_backed(monkeypatch, tmp_path):
    monkeypatch.setattr(arrow_rows, 'SMALL', 0)
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    return tmp_path


def test_a_small_table_stays_in_memory():
    held = HeldTable(*batches())
    assert held.path is None and pickle.loads(pickle.dumps(held)).table.equals(held.table)
    assert HeldTable.of(pa.table({'x': []})).table.num_rows == 0


def test_a_large_one_is_a_file_that_goes_with_its_owner(file_backed):
    held = HeldTable(*batches())
    assert Path(held.path).parent == file_backed and held.table.num_rows == 6
    assert len(pickle.dumps(held)) < 300
    other = pickle.loads(pickle.dumps(held))
    assert other.table.equals(held.table)
    del other
    assert Path(held.path).is_file()
    path = held.path
    del held
    assert not Path(path).exists()


def rows_of(rows, queue):
    queue.put((rows[1], len(rows), rows.held.path))


@pytest.mark.parametrize('method', ['fork'])
def test_a_worker_maps_the_same_file(file_backed, method):
    rows = ArrowRows(HeldTable(*batches()), as_entry)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    worker = context.Process(target=rows_of, args=(rows, queue))
    worker.start()
    assert queue.get(timeout=300) == ({'number': 1, 'x': 10, 's': None}, 6, rows.held.path)
    worker.join()
    assert Path(rows.held.path).is_file(), 'a worker does not remove the file'


def test_rows_are_a_sequence():
    rows = ArrowRows(HeldTable(*batches()), as_entry)
    assert rows[-1] == {'number': 5, 'x': 12, 's': None} and [row['x'] for row in rows] == [0, 10, 1, 11, 2, 12]
    assert rows[:2] == [rows[0], rows[1]] and len(rows) == 6
    with pytest.raises(IndexError, match='there are 6 rows, none has the number 6'):
        rows[6]


def test_files_of_killed_processes_are_removed(file_backed):
    dead = subprocess.run([sys.executable, '-c', 'import os; '
                                                 'print(os.getpid())'], capture_output=True, text=True, check=True)
    left = file_backed / f'mtkd-rows-{dead.stdout.strip()}-x.arrow'
    left.touch()
    (file_backed / 'mtkd-rows-other.arrow').touch()
    held = HeldTable(*batches())
    assert not left.exists() and (file_backed / 'mtkd-rows-other.arrow').exists()
    assert np.sum(held.table['x'].to_pylist()) == 36
