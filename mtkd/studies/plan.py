"""Measures the cost of a config on this machine over a few steps, and proposes settings."""

import copy
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import FUNCTIONS

from ..datasets import MultiDataset, TaskDataset
from ..engine.config import default_data_root, load_config, prepare
from ..engine.loaders import datasets_of
from ..engine.prerequisite import resolved
from ..engine.record import peak_memory
from ..engine.smoke import smoke as cut_down
from ..engine.smoke import synthesise
from ..registry import DATA_SAMPLERS, DATASETS, MODELS
from ..structures import Batch
from ..tasks import build_tasks
from .browse import LabelFacts, choose

SHARE = 0.85  # usable fraction of the free memory
WORTH_IT = 1.1  # minimum speed-up to prefer another precision
SAMPLES = 12  # samples used for coverage and loader speed
OWN = 'which the config trains on'

AnySet = TaskDataset | MultiDataset


@dataclass(frozen=True)
class StepCost:
    """Cost of one training step with the config's batch.

    Attributes:
        total: seconds for the complete forward pass, backward pass and update.
        student: of these, the student with its task losses (forward and backward).
        teachers: teacher -> seconds of its forward.
        memory: peak bytes of the allocator on a GPU, or of the process on a CPU.
    """

    total: float
    student: float
    teachers: dict[str, float]
    memory: int


@dataclass(frozen=True)
class LoaderCost:
    """Cost of loading a sample with one worker.

    Attributes:
        seconds: time for reading, augmenting and collating.
        reading: of these, decoding, which a cache avoids.
        sample_bytes: size of a decoded sample in memory.
        samples: number of samples of the training set.
        real: whether it was measured on real instead of synthetic data.
        why: the reason if it was measured on synthetic data.
        coverage: task -> (fraction of samples with the label, fraction of valid pixels in these).
    """

    seconds: float
    reading: float
    sample_bytes: int
    samples: int
    real: bool
    why: str
    coverage: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Proposal:
    """Proposed settings for this machine, with reasons.

    Attributes:
        batch_size: batch size per step; times ``accumulate`` it is that of the config.
        accumulate: number of steps whose gradients are accumulated.
        workers: loader processes.
        cache: whether to keep decoded samples in memory.
        precision: ``'off'`` (float32) or ``'bf16'``.
        hours: estimated duration of the training without validations; None if the number of iterations is unknown.
        reasons: one sentence each.
    """

    batch_size: int
    accumulate: int
    workers: int
    cache: bool
    precision: str
    hours: float | None
    reasons: tuple[str, ...]

    @property
    def options(self) -> str:
        """Arguments for ``mtkd train``."""
        changes = [f'train_dataloader.batch_size={self.batch_size}', f'train_dataloader.num_workers={self.workers}']
        changes += [] if self.workers else ['train_dataloader.persistent_workers=False']
        changes += [f'optim_wrapper.accumulative_counts={self.accumulate}'] if self.accumulate > 1 else []
        changes += ['train_dataloader.dataset.cache=preload'] if self.cache else []
        return f'--amp {self.precision} --cfg-options {" ".join(changes)}'


@dataclass(frozen=True)
class Plan:
    """Measurements and proposal of :func:`plan`; ``iterations`` is None if :func:`iterations_of` cannot determine it."""

    device: str
    batch_size: int
    input_size: tuple[int, int]
    iterations: int | None
    steps: dict[str, StepCost]  # precision -> cost
    loader: LoaderCost
    proposal: Proposal


def plan(config: str | Path, *, options: Mapping[str, Any] | None = None, data_root: Path | None = None,
         smoke: bool = False, quick: bool = False, seed: int = 0, seconds: float = 10.0) -> Plan:
    """Measure a config on this machine and propose how to run it.

    Speed does not depend on the weights: teachers and students are built with random weights, and nothing is downloaded.
    Missing data are replaced by synthetic scenes of the same size.

    Args:
        config: config file.
        options: ``--cfg-options``.
        data_root: folder that contains the folders of the data sets; None: MTKD_DATA_ROOT or ``data``.
        smoke: measure the reduced config of ``--smoke``.
        quick: measure the shortened config of ``--quick``.
        seed: seed of weights and data.
        seconds: time limit of each measurement (at least two steps).

    Raises:
        FileNotFoundError: no such config.
        ValueError: the config is invalid, or a training step fails.
    """
    raw = load_config(config, options, quick=quick)
    length = raw.get('train_cfg') or {}
    if not raw.get('train_dataloader') or not (length.get('max_iters') or length.get('max_epochs')):
        raise ValueError(f'{raw.filename} is not a training config: give a config with train_dataloader and '
                         f'train_cfg.max_iters or train_cfg.max_epochs.')
    cfg = resolved(raw, seed, random=True)
    cfg = cut_down(cfg) if smoke else cfg
    _no_weights(cfg.model)
    dataset, real, why = _training_set(cfg, seed, data_root or default_data_root(), smoke)
    iterations = iterations_of(raw, dataset if real or why == OWN else None, seed)
    ready = prepare(cfg, work_dir='', seed=seed, data_root=data_root or default_data_root())
    torch.manual_seed(seed)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    loader = _loader_cost(dataset, {n: t.kind for n, t in build_tasks(cfg.tasks).items()}, real, why, seed)
    size = int(cfg.train_dataloader.batch_size)
    batch = _batch(dataset, size, seed)
    model = MODELS.build({**ready.model, 'type': ready.model.get('type', 'MultiTaskModel')}).to(device).train()
    batch = model.data_preprocessor(batch, True)
    steps = {'off': _step_cost(model, ready, batch, device, None, seconds)}
    if device.type == 'cuda' or _has_bf16():
        steps['bf16'] = _step_cost(model, ready, batch, device, torch.bfloat16, seconds)
    frame = (int(batch['image'].shape[-2]), int(batch['image'].shape[-1]))
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else f'CPU, {torch.get_num_threads()} threads'
    return Plan(name, size, frame, iterations, steps, loader,
                propose(size, iterations, steps, loader, free=_free_memory(device), spare=_available_ram(),
                        cores=os.cpu_count() or 1, gpu=device.type == 'cuda'))


def iterations_of(cfg: Config, dataset: AnySet | None, seed: int) -> int | None:
    """Number of iterations of a complete training in one process.

    Args:
        cfg: the config.
        dataset: its training set, which determines the length of an epoch; None: not available.
        seed: seed of the sampler.

    Returns:
        None if the config counts epochs and there is no data set.
    """
    if cfg.train_cfg.get('max_iters'):
        return int(cfg.train_cfg.max_iters)
    if dataset is None:
        return None
    loader = cfg.train_dataloader
    sampler = DATA_SAMPLERS.build(loader.sampler, default_args={'dataset': dataset, 'seed': seed})
    batches = DATA_SAMPLERS.build(loader.batch_sampler,
                                  default_args={'sampler': sampler, 'batch_size': int(loader.batch_size)})
    return int(cfg.train_cfg.max_epochs) * len(batches)


def propose(batch_size: int, iterations: int | None, steps: Mapping[str, StepCost], loader: LoaderCost, *, free: int,
            spare: int, cores: int, gpu: bool) -> Proposal:
    """Derive settings from measurements.

    The batch size is part of a recipe: if it does not fit, it is split over accumulated steps.

    Args:
        batch_size: batch size of the config.
        iterations: number of iterations of the training; None: unknown.
        steps: precision -> cost of a step with that batch.
        loader: cost of loading the training set.
        free: bytes of device memory available to the training in total.
        spare: bytes of main memory available for a cache.
        cores: number of cores of this machine.
        gpu: whether steps run on a GPU in parallel to the loader, instead of on the same cores.
    """
    reasons = []
    precision = 'off'
    if 'bf16' in steps and steps['bf16'].total * WORTH_IT < steps['off'].total:
        precision = 'bf16'
        reasons.append(f'bf16 steps are {steps["off"].total / steps["bf16"].total:.1f} times as fast')
    elif 'bf16' in steps:
        reasons.append('bf16 is less than 10 % faster here, so float32 is kept')
    else:
        reasons.append('this CPU does not support bf16')
    step = steps[precision]
    accumulate = 1
    while step.memory / accumulate > SHARE * free and accumulate < batch_size:
        accumulate = next(n for n in range(accumulate + 1, batch_size + 1) if batch_size % n == 0)
    if accumulate > 1:
        reasons.append(f'the batch of {batch_size} needs {step.memory / 2**30:.1f} of {free / 2**30:.1f} GiB: it is split '
                       f'into {accumulate} accumulated steps of {batch_size // accumulate} (batch normalisation then uses '
                       f'the smaller batch)')
    else:
        reasons.append(f'the batch of {batch_size} needs {step.memory / 2**30:.1f} of {free / 2**30:.1f} GiB')
    cache, seconds = False, loader.seconds
    needed = loader.sample_bytes * loader.samples
    if loader.reading > 0.25 * loader.seconds and loader.real and needed < 0.5 * spare:
        cache, seconds = True, loader.seconds - loader.reading
        reasons.append(f'a cache of {needed / 2**30:.1f} GiB saves {loader.reading / loader.seconds:.0%} of the loading')
    elif loader.real:
        reasons.append('a cache saves little' if needed < 0.5 * spare else
                       f'a cache would need {needed / 2**30:.1f} of {spare / 2**30:.1f} GiB')
    load = seconds * batch_size
    if not gpu and load < 0.1 * step.total:
        workers = 0
        reasons.append('loading takes less than a tenth of a step, and workers would use the same cores: no workers')
    else:
        workers = max(1, min(math.ceil(1.2 * load / step.total), cores - 1, 16)) if cores > 1 else 0
        reasons.append(f'loading takes {load / step.total:.2f} of a step: {workers} workers on {cores} cores')
    every = max(step.total, load / workers) if gpu and workers else step.total + load / max(1, workers)
    return Proposal(batch_size // accumulate, accumulate, workers, cache, precision,
                    None if iterations is None else iterations * every / 3600, tuple(reasons))


def report(plan: Plan) -> str:
    """The plan as text: measurements, reasons, proposed arguments and estimated duration."""
    loader, height, width = plan.loader, *plan.input_size
    length = 'epochs of unknown length' if plan.iterations is None else f'{plan.iterations} iterations'
    lines = [f'{plan.device}; batch {plan.batch_size} of {height}x{width}, {length}', '']
    for precision, step in plan.steps.items():
        rest = step.total - step.student - sum(step.teachers.values())
        teachers = ''.join(f', teacher {name} {seconds:.3f} s' for name, seconds in step.teachers.items())
        lines.append(f'step, {"float32" if precision == "off" else precision}: {step.total:.3f} s (student '
                     f'{step.student:.3f} s{teachers}, rest {max(rest, 0):.3f} s), peak memory '
                     f'{step.memory / 2**30:.2f} GiB')
    lines += [f'loader, {"on the data" if loader.real else f"ON SYNTHETIC DATA, {loader.why}"}: {1 / loader.seconds:.1f} '
              f'samples/s per worker ({loader.reading / loader.seconds:.0%} of it reading); {loader.samples} samples of '
              f'{loader.sample_bytes / 2**20:.2f} MiB', 'labels: ' + ', '.join(
                  f'{task} in {share:.0%} of samples ({valid:.0%} of their pixels)'
                  for task, (share, valid) in loader.coverage.items()), '']
    chosen = plan.proposal
    lines += [f'- {reason}' for reason in chosen.reasons]
    return '\n'.join([*lines, '', f'proposal: {chosen.options}', f'training: {_duration(chosen.hours)}'])


def _duration(hours: float | None) -> str:
    if hours is None:
        return 'unknown, because the length of an epoch depends on the data set: give its location with --data-root'
    return f'about {hours:.1f} h without validations' if hours >= 0.1 else f'about {hours * 60:.1f} min without validations'


def _training_set(cfg: Config, seed: int, data_root: Path, smoke: bool) -> tuple[AnySet, bool, str]:
    """The training set, or synthetic scenes of its size if its files are missing, and the reason."""
    failure = 'because of --smoke'
    if not smoke:
        ready = prepare(cfg, work_dir='', seed=seed, data_root=data_root)
        types = [d.get('type') for d in datasets_of(ready.train_dataloader)]
        for part in datasets_of(ready.train_dataloader):
            if 'cache' in part:
                part.cache = False
        try:
            return _opened(ready, seed), not any(str(t).startswith('Synthetic') for t in types), OWN
        except (ValueError, OSError) as error:
            failure = str(error)
        kinds = {name: task.kind.name for name, task in build_tasks(cfg.tasks).items()}
        for part in datasets_of(cfg.train_dataloader):
            _stand_in(part, kinds)
    return _opened(prepare(cfg, work_dir='', seed=seed, data_root=data_root), seed), False, failure


def _opened(cfg: Config, seed: int) -> AnySet:
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    dataset.full_init()
    dataset.adopt_seed(seed)
    return dataset


def _stand_in(part: Any, kinds: Mapping[str, str]) -> None:
    """Replace the config of a data set by that of synthetic scenes of its output size, with the complete pipeline."""
    if part.get('datasets'):
        return
    pipeline = copy.deepcopy(part.get('pipeline') or [])
    size = next((t['size'] for t in reversed(pipeline) if t.get('size')), (240, 320))
    synthesise(part, kinds)
    if part.type == 'SyntheticScenes':
        part.update(pipeline=pipeline, size=tuple(size), num_samples=SAMPLES, cache=False)


def _no_weights(node: Any) -> None:
    """Disable pretrained weights in all parts of a model."""
    for key in node:
        if key in ('pretrained', 'checkpoint') or (key == 'weights' and isinstance(node[key], str)):
            node[key] = False if key == 'pretrained' else None
        elif isinstance(node[key], dict):
            _no_weights(node[key])


def _loader_cost(dataset: AnySet, kinds: Mapping[str, Any], real: bool, why: str, seed: int) -> LoaderCost:
    facts = {name: LabelFacts(kind) for name, kind in kinds.items()}
    keys: list[Any] = choose(dataset, SAMPLES, seed)
    size, whole, reading = 0, 0.0, 0.0
    for key in keys:
        start = time.perf_counter()
        sample = dataset[_first_draw(key)]
        whole += time.perf_counter() - start
        part, index = (dataset.datasets[key[0]], key[1]) if isinstance(dataset, MultiDataset) else (dataset, key[0])
        start = time.perf_counter()
        decoded = part.load(index)
        reading += time.perf_counter() - start
        size += decoded['image'].nbytes + sum(getattr(label, 'nbytes', 8) for label in decoded['targets'].values())
        for name, fact in facts.items():
            fact.add(sample['targets'][name], bool(sample['present'][name]))
    count = len(keys)
    coverage = {name: (fact.present / max(fact.samples, 1), fact.valid_share) for name, fact in facts.items()}
    return LoaderCost(whole / count, min(reading, whole) / count, size // count, len(dataset), real, why, coverage)


def _batch(dataset: AnySet, size: int, seed: int) -> Batch:
    keys = choose(dataset, size, seed)
    keys = (keys * -(-size // len(keys)))[:size]
    return FUNCTIONS.get('mtkd_collate')([dataset[_first_draw(key)] for key in keys])


def _first_draw(key: tuple[int, ...]) -> Any:
    """The key of a sample's first augmentation."""
    return (*key, 0)


def _step_cost(model: Any, cfg: Config, batch: Batch, device: torch.device, dtype: torch.dtype | None,
               seconds: float) -> StepCost:
    """Time a step and its parts in one precision; this changes the weights."""
    wrapper = build_optim_wrapper(model, _plain_wrapper(cfg))
    autocast = torch.autocast(device.type, dtype or torch.bfloat16, enabled=dtype is not None)

    def whole() -> None:
        with autocast:
            loss = model(**batch, mode='loss')['loss']
        loss.backward()
        wrapper.step()
        wrapper.zero_grad()

    def alone() -> None:
        with autocast:
            taps = model.net(model.data_preprocessor.normalise(batch['image']))
            terms = model.task_terms(batch, taps)
        torch.stack([term.float().sum() for term in terms.values()]).sum().backward()
        wrapper.zero_grad()

    if device.type == 'cuda':
        torch.cuda.reset_peak_memory_stats(device)
    total = _timed(whole, device, seconds)
    memory = peak_memory(device)
    teachers = getattr(model.distiller, 'teachers', {}) if model.distiller is not None else {}
    return StepCost(total, _timed(alone, device, seconds),
                    {name: _timed(partial(teacher, batch['image']), device, seconds) for name, teacher in teachers.items()},
                    memory)


def _plain_wrapper(cfg: Config) -> dict[str, Any]:
    """The optimiser of the config without its precision, which is measured separately."""
    kept = {key: value for key, value in cfg.optim_wrapper.items() if key not in ('dtype', 'accumulative_counts')}
    return {**kept, 'type': 'OptimWrapper'}


def _timed(run: Callable[[], object], device: torch.device, seconds: float) -> float:
    """Median seconds of at least two runs after an untimed one."""
    times: list[float] = []
    begun = time.perf_counter()
    while len(times) < 3 or (time.perf_counter() - begun < seconds and len(times) < 30):
        start = time.perf_counter()
        run()
        if device.type == 'cuda':
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[len(times[1:]) // 2]


def _has_bf16() -> bool:
    """Whether this CPU supports bf16 arithmetic; otherwise it is emulated, which is many times slower than float32."""
    return any(getattr(torch.cpu, name, lambda: False)() for name in ('_is_avx512_bf16_supported', '_is_amx_tile_supported'))


def _available_ram() -> int:
    """Bytes of main memory available without swapping."""
    return next((int(line.split()[1]) * 1024 for line in Path('/proc/meminfo').read_text().splitlines()
                 if line.startswith('MemAvailable')), 0) if Path('/proc/meminfo').is_file() else 0


def _free_memory(device: torch.device) -> int:
    """Bytes of device memory available to this process, including what it already uses."""
    if device.type == 'cuda':
        return torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)
    return _available_ram() + peak_memory(device)
