"""The savings from a teacher cache, the cost of reading it, and its read speed from a cold start.

    python benchmarks/teacher_cache.py
    python benchmarks/teacher_cache.py --samples 4096 --steps 40
    python benchmarks/teacher_cache.py --formats --samples 256 --batch 8
    python benchmarks/teacher_cache.py --students 3 --data-root data

Synthetic images and random weights replace the data and teachers of a config; every sample has two views. The compared steps
alternate, so that other load on the machine affects all of them equally; each includes loading (no workers).

    student   teachers' taps from the cache, against the same taps already in memory, and against live teachers
    joint     the joint teacher from cached experts, against live experts
    reading   random batches, after dropping the file from the page cache

--formats: the size of the outputs of four dense tasks (40 classes, depth, normals, edges) in each format, and the time to
encode and to read them, compared with the step that uses them. --students: one briefly trained teacher of these tasks on
256 images of NYUD-MT at 64x96, and N students for each format (seeds 0 to N - 1) with their scores.
"""

import argparse
import lzma
import os
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from torch.utils.data import DataLoader

from mtkd.atomic import write_text
from mtkd.cli.mistakes import exit_code
from mtkd.datasets import InfiniteBatchSampler, MixSampler, MultiDataset, ShuffleSampler
from mtkd.datasets.multi import leaves
from mtkd.engine.run import Job, test, train
from mtkd.prerequisites.teacher_cache import CachePlan, attach, parts, write_all
from mtkd.registry import DATASETS, MODELS
from mtkd.structures import FeatureStore, collate
from mtkd.structures.tap_formats import tap_format

STUDENT = 'configs/mlfd/student_s32_cifar10_l1_l2_l3.py'
JOINT = 'configs/mlfd/joint_s32_stride4.py'
DENSE = 'configs/kdam/mobilenetv3_from_resnet34_nyud114.py'
FORMATS: dict[str, Any] = {
    'float16': 'float16', 'int8': 'int8', 'topk:4, int8': {'semseg.out': 'topk:4', '*': 'int8'},
    'topk:5, int8': {'semseg.out': 'topk:5', '*': 'int8'}}
TAUGHT = """
_base_ = ['{configs}/{base}.py']
tasks = dict(semseg=dict(num_classes=40))
train_dataloader = dict(dataset=dict(
    _delete_=True, type='NYUDMT', data_root='NYUD_MT', cache=True, split='train', limit=256, pipeline=[
        dict(type='Resize', size=(64, 96)), dict(type='RandomHFlip'), dict(type='PhotoMetricDistortion')]))
val_dataloader = dict(dataset=dict(
    _delete_=True, type='NYUDMT', data_root='NYUD_MT', cache=True, split='val', limit=64, pipeline=[
        dict(type='Resize', size=(64, 96))]))
test_dataloader = val_dataloader
test_evaluator = dict(slow=False)
{more}
"""


class Training:
    """A training step of a config whose teachers are read from the cache, kept in memory, or run live.

    Args:
        cfg: a prepared config on synthetic data.
        plan: the plan of its cache; with ``live``, the teachers run in every step.
        remembered: keep the taps of all rows in memory and pass them to the step.
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
    """A store that keeps all its rows in memory."""

    def __init__(self, store: FeatureStore) -> None:
        self.rows = store.read(range(store.num_rows))

    def read(self, rows: np.ndarray, taps: Sequence[str]) -> dict[str, np.ndarray]:
        return {tap: self.rows[tap][rows] for tap in taps}


def prepared(config: str, samples: int, batch: int) -> Config:
    """A config on synthetic data of the requested size."""
    cfg = Job(config, smoke=True).prepared()
    cfg.train_dataloader.batch_size = batch
    datasets = cfg.train_dataloader.dataset.get('datasets') or [cfg.train_dataloader.dataset]
    for dataset in datasets:
        dataset.num_samples = samples // len(datasets)
    if len(datasets) == 1:
        cfg.train_dataloader.dataset = datasets[0]
    return cfg


def medians(steps: dict[str, Callable[[], None]], number: int, warm: int = 3) -> dict[str, float]:
    """The median seconds of each step; the steps alternate."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(number + warm):
        for name, step in steps.items():
            begun = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - begun)
    return {name: statistics.median(values[warm:]) for name, values in times.items()}


def cold(folder: Path, batch: int, number: int = 50) -> tuple[float, float]:
    """(bytes per second, batches per second) of random batches that are not in the page cache."""
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
        torch.manual_seed(0)  # random teacher weights, the same in every model built below
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


def formats(samples: int, batch: int, steps: int) -> None:
    """Size, writing and reading of each format, beside the step of the student that reads them."""
    cfg = prepared(DENSE, samples, batch)
    with tempfile.TemporaryDirectory() as place:
        torch.manual_seed(0)
        stores, rng = {}, np.random.default_rng(0)
        for name, dtype in FORMATS.items():
            plan = CachePlan(folder=f'{place}/{name}', dtype=dtype)
            stores[name] = FeatureStore(write_all(cfg, plan, lambda line: None, workers=0)[0])
        training = Training(cfg, CachePlan(folder=f'{place}/float16'), remembered=True)

        def reading(store: FeatureStore) -> Callable[[], None]:
            return lambda: [torch.as_tensor(value).float() for value in store.read(rng.integers(0, samples, batch)).values()]

        times = medians({'step': training.step, **{name: reading(store) for name, store in stores.items()}}, steps)
        shapes = ', '.join(f'{tap} {shape}' for tap, shape in stores['float16'].shapes.items())
        print(f"{DENSE}: batch {batch}, {samples} samples, {shapes}; a step without reading {1e3 * times['step']:.1f} ms")
        values = stores['float16'].read(range(batch))
        for name, store in stores.items():
            begun = time.perf_counter()
            for tap, value in values.items():
                tap_format(store.formats[tap]).encode(value)
            encoding = (time.perf_counter() - begun) / batch
            speed, _ = cold(store.folder, batch)
            share = store.row_bytes / stores['float16'].row_bytes
            print(f'  {name:13s} {store.row_bytes:7d} bytes a sample, {share:.3f} of float16; encoding '
                  f'{1e3 * encoding:.2f} ms a sample; reading a batch {1e3 * times[name]:.2f} ms, '
                  f"{times[name] / times['step']:.4f} of a step; cold {speed / 1e6:.0f} MB/s")
            block = store.shards[0].rows.read_bytes()[:store.block_rows * store.row_bytes]
            for codec, small in ((zlib, zlib.compress(block, 1)), (lzma, lzma.compress(block, preset=0))):
                begun = time.perf_counter()
                codec.decompress(small)
                print(f'      its blocks by {codec.__name__}: {len(small) / len(block):.2f} of that, '
                      f'{len(block) / 1e6 / (time.perf_counter() - begun):.0f} MB/s')


def students(seeds: int, data_root: Path) -> None:
    """Scores of students of one teacher, for each format and seed."""
    configs = Path('configs').resolve() / 'quickstart'
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        more = 'train_cfg = dict(max_iters=200)'
        write_text(folder / 'teacher.py', TAUGHT.format(configs=configs, base='teacher', more=more))
        more = (f"model = dict(distiller=dict(teachers=dict(resnet18=dict(config='{folder}/teacher.py'))))\n"
                f"teacher_cache = dict(mode='views', views=2, folder='{folder}/cache')\ntrain_cfg = dict(max_iters=100)")
        write_text(folder / 'student.py', TAUGHT.format(configs=configs, base='student_kdam', more=more))
        os.environ['MTKD_WORK_DIRS'] = f'{folder}/work_dirs'
        train(Job(f'{folder}/teacher.py', data_root=data_root))
        for name in ('float16', 'int8', 'topk:4, int8'):
            for seed in range(seeds):
                begun = time.perf_counter()
                options = {'teacher_cache.dtype': FORMATS[name], 'teacher_cache.folder': f'{folder}/cache/{name}'}
                job = Job(f'{folder}/student.py', options, folder / name / str(seed), seed, data_root,
                          with_prerequisites=True)
                found = test(Job(f'{folder}/student.py', seed=seed, data_root=data_root), train(job) / 'final.pth').metrics
                scores = '  '.join(f'{task} {metric} {value:.4f}' for task, values in found.items()
                                   for metric, (value, _, _) in list(values.items())[:1])
                print(f'RESULT {name:13s} seed {seed}  {scores}  {time.perf_counter() - begun:.0f} s', flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--samples', type=int, default=2048)
    parser.add_argument('--batch', type=int, default=64)
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--configs', nargs='+', default=[STUDENT, JOINT])
    parser.add_argument('--formats', action='store_true', help='compare the formats of stored taps')
    parser.add_argument('--students', type=int, metavar='N', help='train N students with each format')
    parser.add_argument('--data-root', type=Path, help="folder with NYUD_MT, for --students")
    arguments = parser.parse_args()
    if arguments.formats:
        formats(arguments.samples, arguments.batch, arguments.steps)
    if arguments.students:
        students(arguments.students, arguments.data_root)
    if arguments.formats or arguments.students:
        return 0
    for config in arguments.configs:
        compare(config, arguments.samples, arguments.batch, arguments.steps)
    return 0


if __name__ == '__main__':
    sys.exit(exit_code(main))
