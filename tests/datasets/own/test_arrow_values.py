import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from mtkd.datasets.own.arrow_values import as_numpy, nothing, numbers, text, texts


def test_there_and_back():
    assert texts(['a', 'bé', b'']).to_pylist() == ['a', 'bé', ''] and texts([]).type == pa.string()
    assert texts([b'\xff'], pa.binary()).to_pylist() == [b'\xff'] and text('x').as_py() == 'x'
    assert numbers(np.array([1.5, 2])[::-1]).to_pylist() == [2, 1.5] and nothing(pa.string()).as_py() is None
    column = pa.chunked_array([pa.array([9, 1, None, 3])[1:], pa.array([4])])
    assert as_numpy(column, -1).tolist() == [1, -1, 3, 4] and as_numpy(column.slice(3)).tolist() == [4]
    assert as_numpy(pa.array([True, None, False]), 0).tolist() == [1, 0, 0]
    assert as_numpy(pa.chunked_array([], pa.float64())).shape == (0,)


@pytest.mark.skipif(int(pa.__version__.split('.')[0]) < 26, reason='earlier versions of pyarrow import pandas elsewhere')
def test_pandas_is_not_imported():
    code = ("import sys, numpy as np; sys.modules['pandas'] = None; del sys.modules['pandas']\n"
            'from mtkd.datasets.own.arrow_values import *\n'
            'import pyarrow as pa, pyarrow.compute as pc\n'
            "column = pa.chunked_array([texts(['a', 'b'])])\n"
            "assert pc.any(pc.equal(column, text('b'))).as_py() and "
            'as_numpy(pa.chunked_array([numbers(np.arange(2))])).sum() == 1\n'
            "assert 'pandas' not in sys.modules")
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
