"""The rows of a teacher cache that a process writes, and the processes that may write."""

import pytest

from mtkd.engine.lock import Busy, Lock
from mtkd.prerequisites import cache_shards
from mtkd.prerequisites.cache_shards import ShardOf, beginning, check_nobody_writes, own_device, writing


def test_a_shard_is_read_from_text():
    assert ShardOf.parse('0/4') == ShardOf(0, 4) and str(ShardOf.parse('3/4')) == '3/4'
    assert ShardOf.parse(None) is None


@pytest.mark.parametrize('text', ['4/4', '1', '1/', '/2', '-1/2', 'a/b', '1/2/3', '0/0', '²/4', ''])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match='write I/N, such as 0/4, with I from 0'):
        ShardOf.parse(text)


@pytest.mark.parametrize(('environment', 'shard'), [
    ({'RANK': '2', 'WORLD_SIZE': '3'}, '2/3'),
    ({'SLURM_PROCID': '1', 'SLURM_NTASKS': '2'}, '1/2'),
    ({'SLURM_ARRAY_TASK_ID': '6', 'SLURM_ARRAY_TASK_COUNT': '4', 'SLURM_ARRAY_TASK_MIN': '3', 'SLURM_PROCID': '0',
      'SLURM_NTASKS': '1'}, '3/4'),
    ({'RANK': '1', 'WORLD_SIZE': '2', 'SLURM_ARRAY_TASK_ID': '6', 'SLURM_ARRAY_TASK_COUNT': '8'}, '1/2'),
    ({'OMPI_COMM_WORLD_RANK': '0', 'OMPI_COMM_WORLD_SIZE': '5'}, '0/5')])
def test_auto_is_the_rank_of_the_launcher(environment, shard):
    assert str(ShardOf.parse('auto', environment)) == shard


def test_auto_without_a_launcher_or_with_gaps():
    with pytest.raises(ValueError, match='none of them started this process: give --shard I/N'):
        ShardOf.parse('auto', {})
    with pytest.raises(ValueError, match='SLURM_ARRAY_TASK_ID=8 and SLURM_ARRAY_TASK_COUNT=3 do not fit'):
        ShardOf.parse('auto', {'SLURM_ARRAY_TASK_ID': '8', 'SLURM_ARRAY_TASK_COUNT': '3', 'SLURM_ARRAY_TASK_MIN': '2'})


def test_each_rank_takes_its_gpu(monkeypatch):
    monkeypatch.setattr(cache_shards.torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(cache_shards.torch.cuda, 'device_count', lambda: 2)
    assert [own_device(ShardOf(3, 4), {name: '3'}) for name in ('LOCAL_RANK', 'SLURM_LOCALID')] == ['cuda:1', 'cuda:1']
    assert own_device(None, {'LOCAL_RANK': '1'}) == own_device(ShardOf(1, 2), {}) == 'cuda:0'
    monkeypatch.setattr(cache_shards.torch.cuda, 'is_available', lambda: False)
    assert own_device(ShardOf(1, 2), {'LOCAL_RANK': '1'}) == 'cpu'


def test_a_shard_has_one_writer_and_keeps_the_cache_from_being_replaced(tmp_path):
    folder = tmp_path / 'a'
    with writing(folder, 1, 2, 'the cache'):
        with writing(folder, 0, 2, 'the cache'):
            pass
        with pytest.raises(Busy, match='shard 1/2 of the cache is in use by process .*: wait until'):
            writing(folder, 1, 2, 'the cache')
        with pytest.raises(Busy, match='the cache is in use'):
            check_nobody_writes(folder, 'the cache')
    check_nobody_writes(folder, 'the cache')
    assert not list(tmp_path.iterdir())


def test_the_beginning_is_waited_for(tmp_path, monkeypatch):
    folder, waited = tmp_path / 'a', []
    held = Lock(tmp_path / 'a.lock', 'it', 'wait')
    monkeypatch.setattr(cache_shards.time, 'sleep', lambda seconds: (waited.append(seconds), held.release()))
    beginning(folder, 'the cache').release()
    assert len(waited) == 1
    held = Lock(tmp_path / 'a.lock', 'it', 'wait')
    with pytest.raises(Busy, match='the cache is in use'):
        beginning(folder, 'the cache', patience=-1)
    held.release()
