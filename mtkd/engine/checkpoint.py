"""Checkpoints: student only, weights-only loading, atomic writes, bit-exact resuming."""

import difflib
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import EMAHook, Hook
from mmengine.logging import HistoryBuffer
from torch import nn

from .. import atomic
from ..models.weights_file import prefix_hint, read_weights
from ..registry import HOOKS
from .runner import config_text
from .stopping import RunStopped, name_of
from .unwrap import unwrapped

FINAL = 'final.pth'
RESUME_ONLY = ('distiller.teachers.',)  # weights of networks that only teach the student
_NUMBERED = re.compile(r'iter_(\d+)\.pth$')


@HOOKS.register_module()
class CheckpointHook(Hook):
    """Writes ``iter_N.pth`` every ``interval`` iterations and at the end, and finally ``final.pth`` with the weights only.

    A file is written under a temporary name, flushed to disk and renamed: if a run is killed at any time, every
    ``iter_*.pth`` is complete, and the previous one still exists. Checkpoints with non-finite weights are never written (see
    :class:`~mtkd.engine.hooks.finite.FiniteHook`). A signal that asks the run to stop (SIGTERM, SIGHUP, SIGUSR1, Ctrl-C)
    causes a checkpoint after the current step.

    The method ``gather_for_checkpoint()`` of hooks that define it is called on every rank before rank 0 writes.

    Args:
        interval: iterations between checkpoints.
        keep: the number of numbered checkpoints to keep, at least two.
        window: the number of last entries of each logged scalar to keep for the progress line after resuming.
    """

    priority = 'VERY_LOW'

    def __init__(self, interval: int, keep: int = 2, window: int = 100) -> None:
        if interval < 1 or keep < 2:
            raise ValueError(f'CheckpointHook needs interval >= 1 and keep >= 2; it has interval={interval}, keep={keep}.')
        self.interval = interval
        self.keep = keep
        self.window = window
        self._steps = 1
        self._text = ''  # of the config; formatting it is slow
        self._missing: int | None = None  # the iteration to resume from, if its checkpoint is in another folder

    def before_train(self, runner: Any) -> None:
        """Check that checkpoints never split a gradient accumulation, whose partial gradients would be lost when resuming.

        Raises:
            ValueError: ``interval`` is not a multiple of the number of accumulated batches.
        """
        self._steps = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if self.interval % self._steps:
            raise ValueError(f'default_hooks.checkpoint.interval={self.interval} is not a multiple of '
                             f'optim_wrapper.accumulative_counts={self._steps}; a run resumed there would lose gradients.')
        here = [path for path in numbered_checkpoints(Path(runner.work_dir)) if _number(path) <= runner.iter]
        runner.last_checkpoint = here[0] if here and runner.iter else None
        self._missing = runner.iter if not here or _number(here[0]) < runner.iter else None

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Save at the interval or after a signal."""
        done = runner.iter + 1
        stop = getattr(runner, 'stop_request', None)
        stopping = stop is not None and stop.agreed() is not None
        if stopping and done % self._steps == 0 and done < runner.max_iters:
            runner.train_loop.stop_training = True
        if done % self.interval == 0 or done == runner.max_iters or runner.train_loop.stop_training:
            self._save(runner, done)

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stop the validation after a signal; with several ranks or averaged weights, the validation is completed first.

        Raises:
            RunStopped: a signal was received.
        """
        stop = getattr(runner, 'stop_request', None)
        if stop is None or stop.number is None or runner.world_size > 1 or runner.iter % self._steps > 0:
            return
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            return  # the averaged weights currently replace the trained ones
        if runner.iter and not (Path(runner.work_dir) / f'iter_{runner.iter}.pth').is_file():
            self._save(runner, runner.iter)
        raise RunStopped(stop.number, stopped_text(runner, stop.number))

    def after_train(self, runner: Any) -> None:
        """Write the final student: only ``state_dict`` and ``meta``, without jointly trained teachers."""
        if runner.iter == self._missing and runner.iter >= runner.max_iters:
            self._save(runner, runner.iter)
        if is_main_process() and runner.iter >= runner.max_iters:
            last = Path(runner.work_dir) / f'iter_{runner.iter}.pth'
            whole = torch.load(last, map_location='cpu', weights_only=True)
            weights = {key: value for key, value in whole['state_dict'].items() if not key.startswith(RESUME_ONLY)}
            write_atomically({'meta': whole['meta'], 'state_dict': weights}, last.with_name(FINAL))

    def _save(self, runner: Any, done: int) -> None:
        """Write a checkpoint on rank 0, after all ranks have checked their terms and gathered their state."""
        for hook in runner.hooks:
            for look in ('check_terms', 'check_weights'):
                if hasattr(hook, look):
                    getattr(hook, look)(runner)
            if hasattr(hook, 'gather_for_checkpoint'):
                hook.gather_for_checkpoint()
        path = Path(runner.work_dir) / f'iter_{done}.pth'
        if is_main_process():
            need = _bytes(unwrapped(runner.model).state_dict()) + _bytes(runner.optim_wrapper.state_dict())
            with atomic.replacing(path, need) as partial:
                runner.save_checkpoint(str(partial.parent), partial.name, by_epoch=False, meta={'iter': done})
            for old in [older for older in numbered_checkpoints(path.parent) if _number(older) <= done][self.keep:]:
                old.unlink()
        runner.last_checkpoint = path

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Convert MMEngine's message hub to plain tensors and numbers."""
        identity = getattr(runner, 'identity', None)
        self._text = self._text or config_text(runner.cfg)
        checkpoint['meta'].update(config_sha256=runner.cfg.get('config_sha256'), cfg=self._text,
                                  **({'identity': identity.plain()} if identity is not None else {}))
        hub = checkpoint['message_hub']
        checkpoint['message_hub'] = {
            'log_scalars': {name: {'values': torch.as_tensor(buffer.data[0][-self.window:]),
                                   'counts': torch.as_tensor(buffer.data[1][-self.window:])}
                            for name, buffer in hub['log_scalars'].items()},
            'runtime_info': {name: plain for name, value in hub['runtime_info'].items()
                             if (plain := _plain(value)) is not None},
            'resumed_keys': dict(hub['resumed_keys'])}

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Check that the weights fit the model, and restore the message hub.

        With ``--take-config``, the schedules, the optimizer's settings and the seed are those of the config, and the
        schedules are advanced to the current iteration; otherwise :mod:`~mtkd.engine.identity` ensures that they are the
        same.

        Raises:
            ValueError: the weights do not fit the model, or the parameter groups of the optimizer differ.
        """
        model = unwrapped(runner.model)
        check_fit(model, checkpoint.get('state_dict', {}), f'the checkpoint {runner._load_from}')
        if getattr(runner, 'take_config', False):
            _take_config(runner, checkpoint)
        hub = checkpoint.get('message_hub')
        if hub is None:
            return
        restored = {}
        for name, kept in hub['log_scalars'].items():
            buffer = HistoryBuffer()
            buffer._log_history, buffer._count_history = kept['values'].cpu().numpy(), kept['counts'].cpu().numpy()
            restored[name] = buffer
        checkpoint['message_hub'] = {**hub, 'log_scalars': restored}


def _plain(value: Any) -> Any:
    """``value`` converted to types that load weights-only, or None if that is impossible."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (bool, int, float, str, torch.Tensor)):
        return value
    return None


def _take_config(runner: Any, checkpoint: dict[str, Any]) -> None:
    """Replace learning rates, optimizer settings and the seed in a checkpoint with those of the config.

    Raises:
        ValueError: the optimizers of config and checkpoint have different numbers of parameter groups.
    """
    done = int(checkpoint['meta']['iter'])
    checkpoint['meta']['seed'] = runner.seed
    schedulers = runner.param_schedulers or []
    for scheduler, before in zip(schedulers, checkpoint.get('param_schedulers') or [], strict=False):
        if hasattr(scheduler, 'adopt_range') and before.get('lr_min') is not None:
            scheduler.adopt_range(before['lr_min'], before['lr_max'])  # result of a range test
    advance_schedules(schedulers, done, done // runner.train_loop.batches_per_epoch)
    checkpoint['param_schedulers'] = [scheduler.state_dict() for scheduler in schedulers]
    groups, kept = runner.optim_wrapper.param_groups, checkpoint['optimizer']['param_groups']
    if len(groups) != len(kept):
        raise ValueError(f'the optimizer of the checkpoint has {len(kept)} parameter groups, that of the config '
                         f'{len(groups)}: --take-config cannot continue from it.')
    for group, before in zip(groups, kept, strict=True):
        before.update({key: value for key, value in group.items() if key != 'params'})


def advance_schedules(schedulers: Sequence[Any], iterations: int, epochs: int) -> None:
    """Advance schedules to the given number of iterations or completed epochs.

    The checkpoint of an epoch's last iteration is written before epoch-based schedules take their step.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', UserWarning)  # about the order of optimizer and scheduler steps
        for scheduler in schedulers:
            if getattr(scheduler, 'need_val_args', False):
                continue  # it is based on validations
            while scheduler._global_step < (epochs if scheduler.by_epoch else iterations):
                scheduler.step()


def _bytes(value: Any) -> int:
    """Total size in bytes of all tensors in nested containers."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, Mapping):
        return sum(map(_bytes, value.values()))
    return sum(map(_bytes, value)) if isinstance(value, list | tuple) else 0


def stopped_text(runner: Any, number: int) -> str:
    """The message of a run that is stopped by a signal."""
    kept = getattr(runner, 'last_checkpoint', None)
    where = f'{kept}; --resume continues from there' if kept else 'no checkpoint was written'
    return f'stopped by {name_of(number)} after iteration {runner.iter} of {runner.max_iters}: {where}'


def write_atomically(content: Mapping[str, Any], path: Path) -> None:
    """Atomic ``torch.save``: readers see either the old or the complete new file."""
    with atomic.replacing(path, _bytes(content)) as partial:
        torch.save(dict(content), partial)


def _number(path: Path) -> int:
    """The N of ``iter_N.pth``."""
    match = _NUMBERED.search(path.name)
    assert match
    return int(match[1])


def numbered_checkpoints(folder: Path) -> list[Path]:
    """``iter_N.pth`` of a folder, newest first."""
    found = [(int(match[1]), path) for path in folder.glob('iter_*.pth') if (match := _NUMBERED.search(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def load(path: Path | str, what: str = 'the checkpoint') -> dict[str, Any]:
    """Load a checkpoint that contains only tensors and plain values.

    Args:
        path: the file.
        what: description of the file for error messages.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: the file is truncated, is not a checkpoint, or contains other objects.
    """
    return read_weights(Path(path), what)


def meta_of(path: Path) -> Mapping[str, Any]:
    """The ``meta`` of a checkpoint, read without its weights; empty if there is none or the file does not load."""
    try:
        return _meta(path, path.stat().st_mtime_ns)
    except Exception:  # code that loads the weights reports the error
        return {}


@lru_cache(maxsize=64)
def _meta(path: Path, changed: int) -> Mapping[str, Any]:
    return dict(torch.load(path, map_location='cpu', weights_only=True, mmap=True).get('meta') or {})


def newest_resumable(folder: Path) -> tuple[Path | None, list[Path]]:
    """The newest loadable checkpoint of a folder, and the newer unreadable ones."""
    broken = []
    for path in numbered_checkpoints(folder):
        try:
            load(path)
        except ValueError:
            broken.append(path)
        else:
            return path, broken
    return None, broken


def check_fit(model: nn.Module, state: Mapping[str, Any], what: str) -> None:
    """Check that weights exactly fit a model.

    Args:
        model: the model.
        state: its state dict.
        what: description of the weights for error messages.

    Raises:
        ValueError: keys are missing, unexpected or of another shape; the message lists the first two of each.
    """
    own = model.state_dict()
    state = {re.sub(r'^module\.', '', key): value for key, value in state.items()}
    finished = not any(key.startswith(RESUME_ONLY) for key in state)  # a final.pth, which contains no such teachers
    missing = [key for key in own if key not in state and not (finished and key.startswith(RESUME_ONLY))]
    extra = [key for key in state if key not in own]
    shapes = [f'{key}: {tuple(state[key].shape)} for {tuple(own[key].shape)}'
              for key in own if key in state and own[key].shape != state[key].shape]
    if not missing and not extra and not shapes:
        return
    near = difflib.get_close_matches(missing[0], extra, n=1) if missing and extra else []
    raise ValueError(f'{what} does not fit this config: {len(missing)} keys missing {missing[:2]}, {len(extra)} left over '
                     f'{extra[:2]}, {len(shapes)} of another shape {shapes[:2]}'
                     + (f' (is {missing[0]} its {near[0]}?)' if near else '')
                     + f'; use the config it was trained with.{prefix_hint(own, state)}')
