"""The two main functions: train a config and test a checkpoint."""

import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.runner import Runner

from . import work_dir
from .checkpoint import check_fit, load, stopped_text
from .console import ConsoleHook, live
from .cost import measure
from .facts import Facts
from .first_batches import try_loaders
from .hooks.progress import ProgressHook
from .identity import Identity
from .job import Job
from .prerequisite import Circumstances, make_missing, teacher_names
from .quick import protocol, trained_quickly
from .record import peak_memory
from .rendezvous import check_rendezvous
from .report import IncompleteReport, report_of, reported
from .runner import TaskRunner
from .sizes import check_batch_of_one, check_sizes
from .stopping import RunStopped, StopRequest
from .unwrap import unwrapped


def train(job: Job) -> Path:
    """Train a config and return the work dir.

    Raises:
        FileNotFoundError: a config, data set, teacher or checkpoint is missing; the message says what to do.
        ValueError: the config is invalid, or the work dir contains another run; the message says what and where.
        Busy: another run is using the work dir.
        Diverged: a loss is not finite.
        RunStopped: a signal was received; a checkpoint was written.
    """
    if job.with_prerequisites and job.launcher != 'none':
        raise ValueError('--with-prerequisites runs in a single process: first run the same command without --launcher, or '
                         'train the missing teachers with the commands in the error message without it.')
    check_rendezvous(job.launcher)
    resuming = job.resume or job.resume_from is not None
    if job.take_config and not resuming:
        raise ValueError('--take-config applies to resumed runs only: add --resume or --resume-from, or leave it out.')
    student = job.loaded()
    with work_dir.lock(job.folder) or nullcontext():
        if not resuming:
            work_dir.refuse_used(job.folder, job.overwrite, job.smoke)
        work_dir.remove_leftovers(job.folder)
        if job.with_prerequisites and not job.smoke:
            make_missing(student, Circumstances(job.seed, job.data_root, job.amp))
        return _train(job, resuming)


def _train(job: Job, resuming: bool) -> Path:
    """Train in a work dir that belongs to this run."""
    resolved = job.resolved()
    ranks = int(os.environ.get('WORLD_SIZE') or os.environ.get('SLURM_NTASKS') or 1) if job.launcher != 'none' else 1
    identity = Identity.of(resolved.to_dict(), seed=job.seed, amp=job.amp, compile=job.compile, smoke=job.smoke, ranks=ranks)
    cfg = job.prepared(resolved)
    if resuming:
        source = work_dir.checkpoint_to_resume(job.folder, identity, job.resume_from, job.take_config, job.overwrite)
        print(f'resuming from {source}' if source else f'{job.folder} contains no checkpoint: starting from the beginning',
              flush=True)
        cfg.resume, cfg.load_from = source is not None, str(source) if source else cfg.get('load_from')
    else:
        work_dir.clear(job.folder)  # only after the config has been validated
    join_ranks(job.launcher)
    runner = _runner(cfg)
    runner.identity, runner.take_config = identity, job.take_config
    check_sizes(runner.model, cfg, ('train', 'val'))
    check_batch_of_one(unwrapped(runner.model).net, cfg)
    try_loaders(runner, cfg)
    with StopRequest() as stop:
        runner.stop_request = stop
        runner.train()
        if stop.number is not None:
            raise RunStopped(stop.number, stopped_text(runner, stop.number))
    return job.folder


def join_ranks(launcher: str) -> None:
    """Form the process group with gloo on machines without GPUs; MMEngine's function calls CUDA."""
    if launcher == 'pytorch' and not torch.cuda.is_available() and not torch.distributed.is_initialized():
        torch.distributed.init_process_group('gloo')


def test(job: Job, checkpoint: Path, show_dir: Path | None = None, num_pictures: int = 16,
         show_teachers: bool = False) -> Facts:
    """Score a checkpoint on its config's test set.

    If the config has a ``report``, the metrics are replaced by those of the last epochs, which are stored next to the
    checkpoint; if these are missing, a warning is issued and the checkpoint's metrics are kept.

    Args:
        job: the config and the location of its data; the distiller is not built, teachers are not needed.
        checkpoint: ``final.pth`` or ``iter_N.pth``; a checkpoint of a quick run is tested with ``quick``.
        show_dir: output folder for images of predictions and labels; None: no images.
        num_pictures: number of samples to draw.
        show_teachers: show the teachers' predictions below the student's in the images. This requires the teachers, and the
            peak memory includes them.

    Raises:
        FileNotFoundError: the checkpoint, the config or the data does not exist.
        ValueError: the config is invalid, the checkpoint does not fit it, or ``show_teachers`` is set without images or
            without teachers.
    """
    check_rendezvous(job.launcher)
    weights = load(checkpoint)
    if trained_quickly(weights.get('meta', {})) and not job.quick:
        print(f'{checkpoint} is from a quick run: --quick is used for this test too, and its results are marked', flush=True)
        job.quick = True
    cfg = job.loaded()
    if show_teachers and (show_dir is None or not teacher_names(cfg)):
        raise ValueError(f'--show-teachers adds the teachers to the images in --show-dir: '
                         f'{"add --show-dir" if show_dir is None else f"{job.config} has no teachers, leave it out"}.')
    teachers = teacher_names(cfg)
    cfg = job.prepared(training=False, with_teachers=show_teachers,
                       seed=int(weights.get('meta', {}).get('seed', job.seed)))
    if show_dir is not None:
        cfg.custom_hooks = [*cfg.custom_hooks, {'type': 'PictureHook', 'folder': str(show_dir), 'limit': num_pictures}]
    join_ranks(job.launcher)
    runner = _runner(cfg)
    check_sizes(runner.model, cfg, ('test',))
    _load_student(runner, weights, checkpoint)
    runner.test()
    facts = _by_protocol(_facts(runner, cfg, weights.get('meta', {}), teachers), Path(checkpoint).parent)
    return replace(facts, protocol=protocol(facts.protocol)) if job.quick else facts


def _runner(cfg: Config) -> Runner:
    """A Runner with hooks for the output on the console."""
    runner = TaskRunner.from_cfg(cfg)
    if is_main_process() and cfg.default_hooks.get('logger') is not None:
        runner.register_hook(ConsoleHook())
        title = str(cfg.get('method') or Path(cfg.filename or cfg.work_dir).stem)
        if live() and not any(isinstance(hook, ProgressHook) for hook in runner.hooks):
            runner.register_hook(ProgressHook(title, interval=10))
    return runner


def _load_student(runner: Runner, weights: dict[str, Any], checkpoint: Path) -> None:
    model = unwrapped(runner.model)
    net = {key.removeprefix('net.'): value for key, value in weights.get('state_dict', {}).items()
           if key.startswith('net.')}
    check_fit(model.net, net, f'the checkpoint {checkpoint}')
    model.net.load_state_dict(net)
    runner._has_loaded = True


def _facts(runner: Runner, cfg: Config, meta: dict[str, Any], teachers: tuple[str, ...]) -> Facts:
    model = unwrapped(runner.model)
    scorer = runner.test_loop.evaluator.metrics[0]
    metrics = {}
    for task, values in scorer.summary.items():
        info = scorer.metrics[task].names
        metrics[task] = {name: (value, info[name].unit, info[name].higher_is_better) for name, value in values.items()}
    loader = runner.test_dataloader
    height, width = next(iter(loader))['image'].shape[-2:]
    device = next(model.parameters()).device
    memory = peak_memory(device)
    return Facts(
        cfg=cfg, metrics=metrics, primary={task: scorer.metrics[task].primary for task in metrics},
        cost=measure(model.net, (int(height), int(width))), meta=meta, teachers=teachers, peak_memory_bytes=memory,
        device=torch.cuda.get_device_name(device) if device.type == 'cuda' else 'cpu')


def _by_protocol(facts: Facts, folder: Path) -> Facts:
    """The facts with the metrics of the config's ``report``."""
    report = report_of(facts.cfg)
    if report is None:
        return facts
    try:
        numbers, protocol = reported(folder, report, facts.meta)
        lacking = [f'{task}/{name}' for task, values in facts.metrics.items() for name in values
                   if f'{task}/{name}' not in numbers]
        if lacking:
            raise IncompleteReport(f'the validations in {folder} have no {lacking[0]}')
    except IncompleteReport as error:
        if is_main_process():
            print(f'note: the metrics are those of the checkpoint, not the {report.text(report.last_epochs)} as in report '
                  f'of the config: {error}.', flush=True)
        return facts
    metrics = {task: {name: (numbers[f'{task}/{name}'], unit, higher) for name, (_, unit, higher) in values.items()}
               for task, values in facts.metrics.items()}
    return replace(facts, metrics=metrics, protocol=protocol)
