"""Writing a teacher cache with several processes: the shard of each process, and locks."""

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch

from ..engine.lock import Busy, Lock

AUTO = 'auto'
PATIENCE_S = 60.0  # maximum time to wait for another process that creates the cache
_LAUNCHERS = (('RANK', 'WORLD_SIZE', ''), ('SLURM_ARRAY_TASK_ID', 'SLURM_ARRAY_TASK_COUNT', 'SLURM_ARRAY_TASK_MIN'),
              ('SLURM_PROCID', 'SLURM_NTASKS', ''), ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', ''))
ADVICE = 'wait until that process has finished, and run this command again.'


@dataclass(frozen=True)
class ShardOf:
    """One of the processes that write a cache together.

    Attributes:
        index: number of the process, from 0.
        count: number of processes.
    """

    index: int
    count: int

    def __str__(self) -> str:
        return f'{self.index}/{self.count}'

    @classmethod
    def parse(cls, text: str | None, environment: Mapping[str, str] | None = None) -> 'ShardOf | None':
        """Parse the option ``--shard``.

        Args:
            text: ``'I/N'``, or ``'auto'`` for the rank under torchrun, srun or mpirun, or the task of a Slurm job array;
                None: no shard.
            environment: the environment variables; None: those of the process.

        Raises:
            ValueError: the text is invalid, I is not below N, or none of these programs started the process.
        """
        if text is None:
            return None
        if text == AUTO:
            return cls._of_environment(os.environ if environment is None else environment)
        index, _, count = text.partition('/')
        if not all(part.isascii() and part.isdigit() for part in (index, count)) or not int(index) < int(count):
            raise ValueError(f"--shard {text}: write I/N, such as 0/4, with I from 0 to N - 1, or {AUTO}.")
        return cls(int(index), int(count))

    @classmethod
    def _of_environment(cls, given: Mapping[str, str]) -> 'ShardOf':
        for rank, size, least in _LAUNCHERS:
            values = [given.get(name, '') for name in (rank, size)] + [given.get(least, '0') if least else '0']
            if all(value.isascii() and value.isdigit() for value in values):
                index, count = int(values[0]) - int(values[2]), int(values[1])
                if not 0 <= index < count:
                    raise ValueError(f'--shard {AUTO}: {rank}={values[0]} and {size}={values[1]} do not fit: number the '
                                     f'processes without gaps, or give --shard I/N.')
                return cls(index, count)
        raise ValueError(f'--shard {AUTO} needs torchrun, srun, mpirun or a Slurm job array, but none of them started this '
                         f'process: give --shard I/N.')


def own_device(shard: ShardOf | None, environment: Mapping[str, str] | None = None) -> str:
    """The device of a process: the GPU with its local rank if the cache is written in shards, otherwise the first one."""
    if not torch.cuda.is_available():
        return 'cpu'
    given = os.environ if environment is None else environment
    local = next((given[name] for name in ('LOCAL_RANK', 'SLURM_LOCALID', 'OMPI_COMM_WORLD_LOCAL_RANK')
                  if given.get(name, '').isdigit()), None)
    number = int(local) if local is not None and shard is not None else 0
    return f'cuda:{number % torch.cuda.device_count()}'


def beginning(folder: Path, what: str, patience: float = PATIENCE_S) -> Lock:
    """The lock for creating a cache or joining its writers, which is held only briefly; waits until it is free.

    Args:
        folder: folder of the cache.
        what: the cache in words.
        patience: seconds to wait.

    Raises:
        Busy: another process has held it for longer.
    """
    until = time.monotonic() + patience
    while True:
        try:
            return Lock(folder.with_name(f'{folder.name}.lock'), what, ADVICE)
        except Busy:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def writing(folder: Path, number: int, count: int, what: str) -> Lock:
    """The lock of a shard, held while the shard is written.

    Raises:
        Busy: another process is writing the shard.
    """
    shard = f'shard {number}/{count} of ' if count > 1 else ''
    return Lock(folder.with_name(f'{folder.name}.{number}of{count}.lock'), f'{shard}{what}', ADVICE)


def check_nobody_writes(folder: Path, what: str) -> None:
    """Check that no other process is writing a shard of a cache, before it is replaced.

    Raises:
        Busy: another process is writing a shard.
    """
    with ExitStack() as held:
        for path in sorted(folder.parent.glob(f'{folder.name}.*of*.lock')):
            held.enter_context(Lock(path, what, ADVICE))
