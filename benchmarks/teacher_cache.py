"""What a teacher cache saves, what reading it costs, and how fast it reads from a cold start.

    python benchmarks/teacher_cache.py
    python benchmarks/teacher_cache.py --samples 4096 --steps 40

Synthetic pictures and random weights, in the place of a config's data and teachers; two views of every sample. Steps that
are compared take turns, so that whatever else the machine does falls on all of them; loading (no workers) is part of each.

    student   teachers' taps from the cache, against the same taps already in memory, and against live teachers
    joint     the joint teacher from cached experts, against live experts
    reading   random batches with the file thrown out of the page cache first
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch.utils.data import DataLoader

from mtkd.cli.mistakes import exit_code
from mtkd.datasets import InfiniteBatchSampler, MixSampler, MultiDataset, ShuffleSampler
from mtkd.datasets.multi import leaves
from mtkd.engine.run import Job
from mtkd.prerequisites.teacher_cache import CachePlan, attach, parts, write_all
from mtkd.registry import DATASETS, MODELS
from mtkd.structures import FeatureStore, collate

STUDENT = 'configs/mlfd/student_s32_cifar10_l1_l2_l3.py'
JOINT = 'configs/mlfd/joint_s32_stride4.py'


class Training:
    """A config's training step, whose teachers are read, remembered or run.

    Args:
        cfg: a prepared config on synthetic data.
        plan: of its cache; live runs the teachers.
        remembered: put every row's taps into memory and hand them to the step.
    """

    def __init__(self, cfg: Config, plan: CachePlan, remembered: bool = False) -> None:
        torch.manual_seed(0)
        self.model, self.dataset = MODELS.build(cfg.model), DATASETS.build(cfg.train_dataloader.dataset)
        attach(cfg, self.model, self.dataset, plan)
        if remembered:
            for leaf in leaves(self.dataset):
                for taps in leaf.cached.values():
                    taps.store = Memory(taps.store)
        size = cfg.train_dataloader.batch_size
        order = MixSampler(self.dataset, 0, 'equal') if isinstance(self.dataset, MultiDataset) and len(
            self.dataset.datasets) > 1 else ShuffleSampler(self.dataset, 0)
        self.batches: Iterator[Any] = iter(DataLoader(self.dataset, collate_fn=collate,
                                                      batch_sampler=InfiniteBatchSampler(order, size)))
        self.optimiser = torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad], lr=1e-3)

    def step(self) -> None:
        self.optimiser.zero_grad()
        self.model(**next(self.batches), mode='loss')['loss'].backward()
        self.optimiser.step()


class Memory:
    """A store whose rows are all in memory."""

    def __init__(self, store: FeatureStore) -> None:
        self.rows = store.read(range(store.num_rows))

    def read(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {tap: value[rows] for tap, value in self.rows.items()}


def prepared(config: str, samples: int, batch: int) -> Config:
    """A config on synthetic data of the size asked for."""
    cfg = Job(config, smoke=True).prepared()
    cfg.train_dataloader.batch_size = batch
    datasets = cfg.train_dataloader.dataset.get('datasets') or [cfg.train_dataloader.dataset]
    for dataset in datasets:
        dataset.num_samples = samples // len(datasets)
    if len(datasets) == 1:
        cfg.train_dataloader.dataset = datasets[0]
    return cfg


def medians(steps: dict[str, Callable[[], None]], number: int, warm: int = 3) -> dict[str, float]:
    """Seconds of each step, taking turns."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(number + warm):
        for name, step in steps.items():
            begun = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values[warm:]) for name, values in times.items()}


def cold(folder: Path, batch: int, number: int = 50) -> tuple[float, float]:
    """(bytes per second, batches per second) of random batches, the file not in the page cache."""
    store = FeatureStore(folder)
    with (folder / 'rows.bin').open('rb') as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    order = np.random.default_rng(0).permutation(store.num_rows)
    batches = [order[k:k + batch] for k in range(0, min(number * batch, store.num_rows), batch)]
    begun = time.perf_counter()
    for rows in batches:
        store.read(rows)
    seconds = time.perf_counter() - begun
    return sum(len(rows) for rows in batches) * store.row_bytes / seconds, len(batches) / seconds


def compare(config: str, samples: int, batch: int, steps: int) -> None:
    """Write a config's caches, check their size, and time its steps."""
    cfg = prepared(config, samples, batch)
    with tempfile.TemporaryDirectory() as place:
        plan = CachePlan(views=2, folder=place)
        torch.manual_seed(0)  # random weights of teachers: the same in every model built from here on
        begun = time.perf_counter()
        folders = write_all(cfg, plan, lambda line: None, workers=0)
        promised = sum(FeatureStore(folder).promised_bytes for folder in folders)
        size = sum(path.stat().st_size for folder in folders for path in folder.iterdir())
        print(f'{config}: batch {batch}, {samples} samples, 2 views; written in {time.perf_counter() - begun:.1f} s')
        print(f'  size {size / 1e6:.2f} MB, promised {promised / 1e6:.2f} MB   ratio {size / promised:.4f}')
        trainings = {'cached': Training(cfg, plan), 'in memory': Training(cfg, plan, remembered=True),
                     'live': Training(cfg, CachePlan(views=2, live=True))}
        times = medians({name: training.step for name, training in trainings.items()}, steps)
        for name, seconds in times.items():
            print(f'  step, teachers {name:10s} {1e3 * seconds:8.1f} ms')
        print(f"  cached / in memory {times['cached'] / times['in memory']:.3f}   live / cached "
              f"{times['live'] / times['cached']:.2f}")
        teachers = len({part.name for part in parts(cfg, trainings['cached'].model, trainings['cached'].dataset, plan)})
        speed, rate = cold(folders[0], batch)
        print(f'  cold read {speed / 1e6:.0f} MB/s, {rate:.0f} batches/s of one teacher; training needs '
              f"{teachers / times['cached']:.0f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--samples', type=int, default=2048)
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--configs', nargs='+', default=[STUDENT, JOINT])
    arguments = parser.parse_args()
    for config in arguments.configs:
        compare(config, arguments.samples, arguments.batch, arguments.steps)
    return 0


if __name__ == '__main__':
    sys.exit(exit_code(main))
