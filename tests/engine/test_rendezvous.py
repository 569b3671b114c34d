"""A process group that cannot be formed is an immediate error."""

import re

import pytest

from mtkd.engine.rendezvous import check_rendezvous

TORCH = {'RANK': '0', 'WORLD_SIZE': '2', 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': '29500'}
SLURM = {'SLURM_PROCID': '0', 'SLURM_NTASKS': '2', 'SLURM_NODELIST': 'a'}


def test_what_can_meet_passes():
    check_rendezvous('none', {})
    check_rendezvous('pytorch', TORCH)
    check_rendezvous('mpi', {'OMPI_COMM_WORLD_RANK': '1', 'OMPI_COMM_WORLD_SIZE': '2', 'OMPI_COMM_WORLD_LOCAL_RANK': '1',
                             'MASTER_ADDR': '127.0.0.1'})


@pytest.mark.parametrize(('launcher', 'given', 'words'), [
    ('pytorch', {}, 'RANK and WORLD_SIZE and MASTER_ADDR and MASTER_PORT are not set: start with torchrun'),
    ('pytorch', {**TORCH, 'WORLD_SIZE': ''}, 'and WORLD_SIZE is not set'),
    ('pytorch', {**TORCH, 'RANK': '2'}, 'RANK=2 and WORLD_SIZE=2 do not fit: ranks are numbered from 0'),
    ('pytorch', {**TORCH, 'RANK': '-1'}, 'RANK=-1'), ('pytorch', {**TORCH, 'WORLD_SIZE': '0'}, 'WORLD_SIZE=0'),
    ('pytorch', {**TORCH, 'RANK': 'one'}, 'RANK=one must be a whole number'),
    ('pytorch', {**TORCH, 'MASTER_PORT': '70000'}, 'MASTER_PORT=70000 is not a port'),
    ('pytorch', {**TORCH, 'MASTER_ADDR': 'no.such.host.invalid'}, 'MASTER_ADDR=no.such.host.invalid'),
    ('slurm', {}, 'SLURM_PROCID and SLURM_NTASKS and SLURM_NODELIST are not set: start with srun'),
    ('slurm', {**SLURM, 'SLURM_PROCID': '2'}, 'SLURM_PROCID=2 and SLURM_NTASKS=2 do not fit'),
    ('mpi', {'OMPI_COMM_WORLD_RANK': '0'}, 'start with mpirun, and set MASTER_ADDR')])
def test_what_cannot_is_refused(launcher, given, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        check_rendezvous(launcher, given)


def test_slurm_without_its_tools(monkeypatch):
    monkeypatch.setenv('PATH', '')
    with pytest.raises(ValueError, match='scontrol is not on PATH'):
        check_rendezvous('slurm', SLURM)
