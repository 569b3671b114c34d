"""The file format of cached features."""

import json
import pickle

import numpy as np
import pytest

from mtkd.structures import FeatureStore

SHAPES = {'trunk.1': (3, 2, 2), 'shared': (5,)}


def features(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {tap: rng.standard_normal((rows, *shape)).astype(np.float32) for tap, shape in SHAPES.items()}


def filled(folder, rows: int = 7, dtype: str = 'float32') -> FeatureStore:
    store = FeatureStore.create(folder, {'weights': 'abc'}, SHAPES, rows, dtype)
    store.append(features(rows))
    store.commit()
    return store


def test_rows_come_back_in_the_order_asked_for(tmp_path):
    filled(tmp_path)
    store = FeatureStore(tmp_path)
    assert store.complete and store.key == {'weights': 'abc'} and store.shapes == SHAPES
    for tap, value in store.read([5, 0, 5]).items():
        assert np.array_equal(value, features(7)[tap][[5, 0, 5]])


def test_half_precision_by_default(tmp_path):
    store = FeatureStore.create(tmp_path, {}, SHAPES, 2)
    store.append(features(2))
    store.commit()
    read = store.read([1])['trunk.1']
    assert read.dtype == np.float16
    np.testing.assert_allclose(read, features(2)['trunk.1'][1:], rtol=1e-3)


def test_its_size_is_what_was_promised(tmp_path):
    store = FeatureStore.create(tmp_path / 'a', {}, SHAPES, 1000)
    promised = store.promised_bytes
    store.append(features(1000))
    store.commit()
    size = sum(path.stat().st_size for path in (tmp_path / 'a').iterdir())
    assert abs(size / promised - 1) < 0.001 and store.row_bytes == 2 * 17


def test_what_was_not_committed_is_written_again(tmp_path):
    store = FeatureStore.create(tmp_path, {}, SHAPES, 6, 'float32')
    wanted = features(6)
    store.append({tap: value[:2] for tap, value in wanted.items()})
    store.commit()
    store.append({tap: value[2:5] + 9 for tap, value in wanted.items()})  # killed before the commit
    again = FeatureStore(tmp_path)
    assert again.written == 2 and not again.complete
    again.append({tap: value[2:] for tap, value in wanted.items()})
    again.commit()
    read = FeatureStore(tmp_path).read(range(6))
    assert all(np.array_equal(read[tap], wanted[tap]) for tap in SHAPES)


def test_a_begun_row_on_the_disk_is_no_row(tmp_path):
    filled(tmp_path)
    rows = (tmp_path / 'rows.bin').read_bytes()
    (tmp_path / 'rows.bin').write_bytes(rows[:-1])
    with pytest.raises(ValueError, match='damaged'):
        FeatureStore(tmp_path)


def test_workers_open_it_anew(tmp_path):
    copy = pickle.loads(pickle.dumps(filled(tmp_path)))
    assert np.array_equal(copy.read([3])['shared'], features(7)['shared'][3:4])


def test_beginning_anew_forgets_what_was_there(tmp_path):
    filled(tmp_path)
    assert FeatureStore.create(tmp_path, {}, {'shared': (5,)}, 3).written == 0
    assert FeatureStore(tmp_path).shapes == {'shared': (5,)}


@pytest.mark.parametrize(('value', 'message'), [(1e6, 'not finite in float16'), (np.nan, 'not finite')])
def test_values_that_do_not_fit(tmp_path, value, message):
    store = FeatureStore.create(tmp_path, {}, {'shared': (5,)}, 1)
    with pytest.raises(ValueError, match=message):
        store.append({'shared': np.full((1, 5), value, np.float32)})


def test_mistakes_are_sentences(tmp_path):
    with pytest.raises(FileNotFoundError, match='no feature store'):
        FeatureStore(tmp_path / 'nothing')
    with pytest.raises(ValueError, match='float16, float32'):
        FeatureStore.create(tmp_path / 'a', {}, SHAPES, 1, 'int8')
    store = filled(tmp_path / 'b')
    with pytest.raises(ValueError, match="tap 'shared' is"):
        store.append({**features(1), 'shared': np.zeros((1, 4), np.float32)})
    header = json.loads((tmp_path / 'b/header.json').read_text())
    (tmp_path / 'b/header.json').write_text(json.dumps({**header, 'version': 99}))
    with pytest.raises(ValueError, match='version 99'):
        FeatureStore(tmp_path / 'b')
    (tmp_path / 'b/header.json').write_text('{')
    with pytest.raises(ValueError, match='damaged'):
        FeatureStore(tmp_path / 'b')
