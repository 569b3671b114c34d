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
    with pytest.raises(ValueError, match="'int4' is no format of features: give one of float16, float32, int8"):
        FeatureStore.create(tmp_path / 'a', {}, SHAPES, 1, 'int4')
    with pytest.raises(ValueError, match="tap 'shared' has 5 channels"):
        FeatureStore.create(tmp_path / 'a', {}, SHAPES, 1, {'trunk.1': 'int8', 'shared': 'topk:5'})
    with pytest.raises(ValueError, match='between 1 and as many shards as rows'):
        FeatureStore.create(tmp_path / 'a', {}, SHAPES, 1, shards=2)
    assert not (tmp_path / 'a').exists(), 'nothing is written before the check'
    store = filled(tmp_path / 'b')
    with pytest.raises(ValueError, match="tap 'shared' has the shape"):
        store.append({**features(1), 'shared': np.zeros((1, 4), np.float32)})
    header = json.loads((tmp_path / 'b/header.json').read_text())
    (tmp_path / 'b/header.json').write_text(json.dumps({**header, 'version': 99}))
    with pytest.raises(ValueError, match='version 99'):
        FeatureStore(tmp_path / 'b')
    (tmp_path / 'b/header.json').write_text('{')
    with pytest.raises(ValueError, match='damaged'):
        FeatureStore(tmp_path / 'b')


def test_rows_that_changed_are_found(tmp_path, monkeypatch):
    """Zeroed or modified rows of the same size, anywhere in the store, are found on opening; workers do not check again."""
    monkeypatch.setattr(feature_store, 'BLOCK_BYTES', 2 * 68)  # two rows per block
    rows = filled(tmp_path, 7) and (tmp_path / 'rows.bin').read_bytes()
    for row in range(7):
        damaged = bytearray(rows)
        damaged[row * 68:(row + 1) * 68] = bytes(68)
        (tmp_path / 'rows.bin').write_bytes(damaged)
        with pytest.raises(ValueError, match=f'is damaged: rows {row // 2 * 2} to .* do not match their checksum'):
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
    store = FeatureStore(tmp_path)  # checks blocks 0, 4 and 8
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
    with monkeypatch.context() as patched, pytest.raises(DiskFull, match='needs another 136 bytes.*the 2 of 4 rows'):
        patched.setattr(feature_store.Path, 'open', full)
        store.append(features(1))
    assert FeatureStore(tmp_path).written == 2


MIXED = {'trunk.1': 'int8', 'shared': 'topk:2'}


def test_each_tap_has_its_format_and_can_be_read_alone(tmp_path):
    store = FeatureStore.create(tmp_path, {}, SHAPES, 7, MIXED)
    store.append(features(7))
    store.commit()
    again = FeatureStore(tmp_path)
    assert again.formats == MIXED and again.row_bytes == (12 + 8) + (3 * 2 + 2)
    read = again.read([4, 1])
    assert np.abs(read['trunk.1'] - features(7)['trunk.1'][[4, 1]]).max() < 0.02
    assert (read['shared'].argmax(1) == features(7)['shared'][[4, 1]].argmax(1)).all()
    assert list(again.read([4], ['shared'])) == ['shared']
    assert np.array_equal(again.read([4], ['shared'])['shared'][0], read['shared'][0])


def test_a_store_of_version_2_is_read(tmp_path):
    """Written before tap formats existed: one precision for all taps, the same files."""
    filled(tmp_path)
    header = json.loads((tmp_path / 'header.json').read_text())
    old = {key: value for key, value in header.items() if key not in ('formats', 'shards')}
    (tmp_path / 'header.json').write_text(json.dumps({**old, 'version': 2, 'dtype': 'float32'}))
    store = FeatureStore(tmp_path)
    assert store.formats == dict.fromkeys(SHAPES, 'float32') and store.complete
    assert np.array_equal(store.read([3])['shared'], features(7)['shared'][3:4])


def test_shards_are_written_alone_and_read_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(feature_store, 'BLOCK_BYTES', 2 * 68)
    wanted = features(8)
    FeatureStore.create(tmp_path, {}, SHAPES, 8, 'float32', shards=3)
    for number in (2, 0, 1):  # each by a process that opens the store itself
        store = FeatureStore(tmp_path)
        assert not store.complete
        shard = store.shards[number]
        own = {tap: value[shard.first:shard.first + shard.num_rows] for tap, value in wanted.items()}
        store.append({tap: value[:1] for tap, value in own.items()}, number)
        store.commit(number)
        store = FeatureStore(tmp_path)  # killed and restarted
        assert store.shards[number].written == 1
        store.append({tap: value[1:] for tap, value in own.items()}, number)
        store.commit(number)
    whole = pickle.loads(pickle.dumps(FeatureStore(tmp_path)))
    assert whole.complete and whole.written == 8
    order = [7, 0, 3, 3, 1, 6, 2, 5, 4]
    assert all(np.array_equal(whole.read(order)[tap], wanted[tap][order]) for tap in SHAPES)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size == whole.promised_bytes
    rows = bytearray((tmp_path / 'rows-1of3.bin').read_bytes())
    rows[-1] ^= 1
    (tmp_path / 'rows-1of3.bin').write_bytes(rows)
    with pytest.raises(ValueError, match='rows 2 to 2 of .*rows-1of3.bin do not match their checksum'):
        FeatureStore(tmp_path)


def test_a_shard_takes_its_own_rows_only(tmp_path):
    store = FeatureStore.create(tmp_path, {}, SHAPES, 4, 'float32', shards=2)
    with pytest.raises(ValueError, match=r'rows-1of2.bin has 2 rows, so rows 0 to 2 cannot be written'):
        store.append(features(3), 1)
