"""Teacher caches on other file systems, through a local copy."""

from pathlib import Path
from uuid import uuid4

import fsspec
import numpy as np
import pytest

from mtkd.prerequisites import cache_remote as remote
from mtkd.prerequisites.cache_shards import writing
from mtkd.structures import FeatureStore

VALUES = np.arange(12, dtype=np.float32).reshape(6, 2)


@pytest.fixture
def address() -> str:
    return f'memory://{uuid4()}/caches/a'


def written(folder: Path, *shards: int, key: int = 0) -> FeatureStore:
    """A store of six rows in two shards, some of them written."""
    store = FeatureStore.create(folder, {'key': key}, {'x': (2,)}, 6, 'float32', shards=2)
    for number in shards:
        store.append({'x': VALUES[3 * number:3 * number + 3]}, number)
        store.commit(number)
    return store


def test_addresses_and_paths():
    assert [remote.is_remote(folder) for folder in ('s3://b/c', 'memory://x', 'file:///a', '/a/b', 'a')] == [
        True, True, False, False, False]


def test_each_address_has_a_local_copy(monkeypatch, tmp_path):
    monkeypatch.setenv('MTKD_CACHE_DIR', str(tmp_path))
    folders = [remote.local_copy(address) for address in ('s3://a/c', 's3://b/c', 's3://a/c')]
    assert folders[0] == folders[2] != folders[1] and folders[0].is_relative_to(tmp_path)


def test_two_machines_write_a_third_one_reads(address, tmp_path):
    for number, machine in enumerate(('one', 'two')):
        store = written(tmp_path / machine, number)
        remote.begin(address, tmp_path / machine)
        remote.push(address, store.shards[number])
        remote.pull(address, tmp_path / 'three')
        assert FeatureStore(tmp_path / 'three').written == 3 * (number + 1)
    assert np.array_equal(FeatureStore(tmp_path / 'three').read(range(6))['x'], VALUES)


def test_nothing_there_leaves_the_local_copy_alone(address, tmp_path):
    written(tmp_path / 'one', 1)
    remote.pull(address, tmp_path / 'one')
    assert FeatureStore(tmp_path / 'one').written == 3


def test_rows_of_this_machine_are_kept_and_those_of_another_cache_replaced(address, tmp_path):
    store = written(tmp_path / 'one', 0)
    remote.begin(address, tmp_path / 'one')
    remote.push(address, store.shards[0])
    written(tmp_path / 'two', 1)
    remote.pull(address, tmp_path / 'two')
    assert FeatureStore(tmp_path / 'two').complete, 'its own shard 1, and shard 0 downloaded'
    written(tmp_path / 'new', key=1)
    remote.begin(address, tmp_path / 'new')  # made anew: the shards there are of the old one
    with writing(tmp_path / 'two', 1, 2, 'x'), pytest.raises(RuntimeError, match='the local copy of memory:.* is in use'):
        remote.pull(address, tmp_path / 'two')
    remote.pull(address, tmp_path / 'two')
    assert FeatureStore(tmp_path / 'two').key == {'key': 1} and FeatureStore(tmp_path / 'two').written == 0


@pytest.mark.parametrize('damage', [lambda rows: rows[:-1] + bytes([rows[-1] ^ 1]), lambda rows: rows[:-1]])
def test_a_damaged_shard_is_not_taken(address, tmp_path, damage):
    store = written(tmp_path / 'one', 0, 1)
    remote.begin(address, tmp_path / 'one')
    for shard in store.shards:
        remote.push(address, shard)
    system, root = fsspec.core.url_to_fs(address)
    system.pipe_file(f'{root}/rows-1of2.bin', damage(system.cat_file(f'{root}/rows-1of2.bin')))
    with pytest.raises(ValueError, match=f'{address}: rows-1of2.bin is not what was written .* delete rows-1of2.bin and'):
        remote.pull(address, tmp_path / 'two')
    assert [shard.written for shard in FeatureStore(tmp_path / 'two').shards] == [3, 0]


def test_missing_rights_and_file_systems_are_sentences(address, tmp_path, monkeypatch):
    store = written(tmp_path / 'one', 0)
    with pytest.raises(OSError, match=r'nosuch://a/b cannot be read \(ValueError: .*\): check the address'):
        remote.pull('nosuch://a/b', tmp_path / 'two')

    def refused(*_, **__):
        raise PermissionError('Access Denied')
    monkeypatch.setattr(fsspec.get_filesystem_class('memory'), 'pipe_file', refused)
    with pytest.raises(OSError, match=r'cannot be written \(PermissionError: Access Denied\): check the address, the cred'):
        remote.begin(address, tmp_path / 'one')
    monkeypatch.setattr(fsspec.get_filesystem_class('memory'), 'put_file', refused)
    with pytest.raises(OSError, match=r'\(PermissionError: Access Denied\).* The rows are kept in .*rows-0of2.bin'):
        remote.push(address, store.shards[0])
    assert FeatureStore(tmp_path / 'one').written == 3
