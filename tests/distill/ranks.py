"""Two gloo ranks as two processes, forked from a process that has only done the imports."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def _worker(rank: int, ranks: int, function: Callable[[int, int], Any], folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=ranks)
    torch.save(function(rank, ranks), Path(folder) / f'rank{rank}.pt')
    dist.destroy_process_group()


def on_two_ranks(function: Callable[[int, int], Any], folder: Path) -> list[Any]:
    """What ``function(rank, ranks)``, a function of a module or a partial of one, returns on each rank; tensors in plain
    containers."""
    multiprocessing.set_forkserver_preload([getattr(function, 'func', function).__module__])
    mp.start_processes(_worker, args=(2, function, str(folder)), nprocs=2, start_method='forkserver')
    return [torch.load(folder / f'rank{rank}.pt', weights_only=True) for rank in range(2)]
