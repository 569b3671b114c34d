"""Writing one teacher cache by several processes: which rows are whose, and who may write."""

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import torch

from ..engine.lock import Busy, Lock

AUTO = 'auto'
PATIENCE_S = 60.0  # for another process that begins the cache
_LAUNCHERS = (('RANK', 'WORLD_SIZE', 0), ('SLURM_ARRAY_TASK_ID', 'SLURM_ARRAY_TASK_COUNT', 'SLURM_ARRAY_TASK_MIN'),
              ('SLURM_PROCID', 'SLURM_NTASKS', 0), ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 0))
ADVICE = 'it is being written there; wait for that, and run this command again.'


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
        """The shard of an option's text.

        Args:
            text: ``'I/N'``, or ``'auto'``: the rank under torchrun, srun or mpirun, or the task of a Slurm job array. None:
                no shard.
            environment: the environment variables; None: those of the process.

        Raises:
            ValueError: another text, a number that does not fit, or ``'auto'`` under none of these programs.
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
        raise ValueError(f'--shard {AUTO} reads the rank from torchrun, srun, mpirun or a Slurm job array, and none of them '
                         f'started this process: give --shard I/N.')


def own_device(shard: ShardOf | None, environment: Mapping[str, str] | None = None) -> str:
    """The device of a process: its own GPU, where a machine has several."""
    if not torch.cuda.is_available():
        return 'cpu'
    given = os.environ if environment is None else environment
    local = next((given[name] for name in ('LOCAL_RANK', 'SLURM_LOCALID', 'OMPI_COMM_WORLD_LOCAL_RANK')
                  if given.get(name, '').isdigit()), None)
    number = int(local) if local is not None and shard is not None else 0
    return f'cuda:{number % torch.cuda.device_count()}'


def beginning(folder: Path, what: str) -> Lock:
    """The lock for creating a cache or joining its writers, held for seconds; waits for others that hold it.

    Raises:
        Busy: another process holds it for longer than a minute.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return Lock(folder.with_name(f'{folder.name}.lock'), what, ADVICE)
        except Busy:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def writing(folder: Path, number: int, count: int, what: str) -> Lock:
    """The lock of a shard, held while it is written.

    Raises:
        Busy: another process writes it.
    """
    shard = f'shard {number}/{count} of ' if count > 1 else ''
    return Lock(folder.with_name(f'{folder.name}.{number}of{count}.lock'), f'{shard}{what}', ADVICE)


def check_nobody_writes(folder: Path, what: str) -> None:
    """Refuse to replace a cache of which another process writes a shard.

    Raises:
        Busy: a process does.
    """
    with ExitStack() as held:
        for path in sorted(folder.parent.glob(f'{folder.name}.*of*.lock')):
            held.enter_context(Lock(path, what, ADVICE))
