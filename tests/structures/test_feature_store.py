"""The file format of cached features."""

import errno
import json
import pickle

import numpy as np
import pytest

from mtkd.atomic import DiskFull
from mtkd.structures import FeatureStore, feature_store

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


def test_rows_that_changed_are_found(tmp_path, monkeypatch):
    """Zeroed or altered rows at the same size, anywhere in the store, on opening it; workers do not check again."""
    monkeypatch.setattr(feature_store, 'BLOCK_BYTES', 2 * 68)  # two rows a block
    rows = filled(tmp_path, 7) and (tmp_path / 'rows.bin').read_bytes()
    for row in range(7):
        damaged = bytearray(rows)
        damaged[row * 68:(row + 1) * 68] = bytes(68)
        (tmp_path / 'rows.bin').write_bytes(damaged)
        with pytest.raises(ValueError, match=f'is damaged: rows {row // 2 * 2} to .* are not what was written'):
            FeatureStore(tmp_path)
    FeatureStore(tmp_path, check=False)
    (tmp_path / 'rows.bin').write_bytes(rows)
    FeatureStore(tmp_path).verify()


def test_a_large_store_is_sampled_on_opening_and_verified_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_store, 'BLOCK_BYTES', 68)
    monkeypatch.setattr(feature_store, 'CHECKED_ON_OPENING', 3)
    filled(tmp_path, 9)
    rows = bytearray((tmp_path / 'rows.bin').read_bytes())
    rows[68 * 5] ^= 1
    (tmp_path / 'rows.bin').write_bytes(rows)
    store = FeatureStore(tmp_path)  # looks at blocks 0, 4 and 8
    with pytest.raises(ValueError, match='rows 5 to 5'):
        store.verify()
    rows[68 * 8] ^= 1
    (tmp_path / 'rows.bin').write_bytes(rows)
    with pytest.raises(ValueError, match='rows 8 to 8'):
        FeatureStore(tmp_path)


def test_checksums_grow_with_appends_of_any_size(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_store, 'BLOCK_BYTES', 3 * 68)
    wanted, store, at = features(11), FeatureStore.create(tmp_path, {}, SHAPES, 11, 'float32'), 0
    for number in (1, 1, 4, 5):
        store.append({tap: value[at:at + number] for tap, value in wanted.items()})
        at += number
        if at == 6:
            store.commit()
            store = FeatureStore(tmp_path)
    store.commit()
    FeatureStore(tmp_path).verify()


def test_a_full_disk_keeps_the_rows_there_are(tmp_path, monkeypatch):
    store = FeatureStore.create(tmp_path, {}, SHAPES, 4, 'float32')
    store.append(features(2))
    store.commit()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, 'No space left on device')
    with monkeypatch.context() as patched, pytest.raises(DiskFull, match='needs another 136 bytes.*the 2 rows of 4'):
        patched.setattr(feature_store.Path, 'open', full)
        store.append(features(1))
    assert FeatureStore(tmp_path).written == 2
