"""Checks the variables of a launcher before the process group is formed, to avoid a late time-out."""

import os
import shutil
import socket
from collections.abc import Mapping

import torch

_NEEDED = {  # launcher -> (its variables, the program that sets them)
    'pytorch': (('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT'), 'start with torchrun, or set it'),
    'slurm': (('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_NODELIST'), 'start with srun, inside a Slurm job'),
    'mpi': (('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK', 'MASTER_ADDR'),
            'start with mpirun, and set MASTER_ADDR')}


def check_rendezvous(launcher: str, environment: Mapping[str, str] | None = None) -> None:
    """Check that the environment variables allow to form a process group.

    Args:
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        environment: the environment variables; None: those of the process.

    Raises:
        ValueError: a variable is missing or not a number, a rank is not below the number of processes, or the address of the
            first process is unknown.
    """
    if launcher == 'none':
        return
    given = os.environ if environment is None else environment
    needed, cure = _NEEDED[launcher]
    missing = [name for name in needed if not given.get(name)]
    if missing:
        raise ValueError(f'--launcher {launcher} needs {", ".join(needed)}, and {" and ".join(missing)} '
                         f'{"is" if len(missing) == 1 else "are"} not set: {cure}, or leave --launcher out.')
    rank, size = _whole(given, needed[0]), _whole(given, needed[1])
    if size < 1 or not 0 <= rank < size:
        raise ValueError(f'--launcher {launcher}: {needed[0]}={rank} and {needed[1]}={size} do not fit: ranks are numbered '
                         f'from 0 to {needed[1]} - 1.')
    if given.get('MASTER_PORT') and not 1 <= _whole(given, 'MASTER_PORT') <= 65535:
        raise ValueError(f'--launcher {launcher}: MASTER_PORT={given["MASTER_PORT"]} is not a port (1 to 65535).')
    local = _whole(given, 'LOCAL_RANK') if given.get('LOCAL_RANK') else 0
    if launcher == 'pytorch' and torch.cuda.is_available() and local >= torch.cuda.device_count():
        raise ValueError(f'--launcher pytorch: LOCAL_RANK={local}, and this machine has {torch.cuda.device_count()} GPUs: '
                         f'start at most that many processes on it (torchrun --nproc-per-node).')
    if launcher == 'slurm' and shutil.which('scontrol') is None:
        raise ValueError('--launcher slurm needs scontrol to find the first node, and scontrol is not on PATH: start '
                         'inside a Slurm job, or with torchrun and --launcher pytorch.')
    if given.get('MASTER_ADDR'):
        try:
            socket.getaddrinfo(given['MASTER_ADDR'], None)
        except OSError:
            raise ValueError(f'--launcher {launcher}: the host MASTER_ADDR={given["MASTER_ADDR"]} cannot be resolved: '
                             f'correct its name.') from None


def _whole(given: Mapping[str, str], name: str) -> int:
    try:
        return int(given[name])
    except ValueError:
        raise ValueError(f'{name}={given[name]} must be a whole number.') from None
