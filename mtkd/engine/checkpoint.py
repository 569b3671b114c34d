"""Checkpoints: student only, weights-only to load, never half-written, resumable bit for bit."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process, master_only
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from torch import nn

from ..registry import HOOKS
from .unwrap import unwrapped

FINAL = 'final.pth'
RESUME_ONLY = ('distiller.teachers.', 'distiller.peers.')  # weights of networks that the student only learns from
_NUMBERED = re.compile(r'iter_(\d+)\.pth$')


@HOOKS.register_module()
class CheckpointHook(Hook):
    """Writes ``iter_N.pth`` every ``interval`` iterations and at the end, and then ``final.pth`` with the weights alone.

    A file is written under another name, flushed to the disk, and renamed: whatever moment a run is killed at, every
    ``iter_*.pth`` is whole or was never there, and the one before it still is.

    Args:
        interval: iterations between checkpoints.
        keep: how many numbered ones to keep, at least two.
        window: how many of the last entries of each logged scalar to keep for the progress line after a resume.
    """

    priority = 'VERY_LOW'

    def __init__(self, interval: int, keep: int = 2, window: int = 100) -> None:
        if interval < 1 or keep < 2:
            raise ValueError(f'CheckpointHook wants interval >= 1 and keep >= 2; it has interval={interval}, keep={keep}.')
        self.interval = interval
        self.keep = keep
        self.window = window

    def before_train(self, runner: Any) -> None:
        """Refuse an interval that falls inside a gradient accumulation: its gradients would be lost in a resume."""
        steps = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if self.interval % steps:
            raise ValueError(f'default_hooks.checkpoint.interval={self.interval} is not a multiple of '
                             f'optim_wrapper.accumulative_counts={steps}; a run resumed there would lose gradients.')

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Save when it is time."""
        done = runner.iter + 1
        if done % self.interval == 0 or done == runner.max_iters:
            self._save(runner, done)

    def after_train(self, runner: Any) -> None:
        """Write the finished student: ``state_dict`` and ``meta`` only, without teachers that were trained with it."""
        if is_main_process() and runner.iter >= runner.max_iters:
            last = Path(runner.work_dir) / f'iter_{runner.iter}.pth'
            whole = torch.load(last, map_location='cpu', weights_only=True)
            weights = {key: value for key, value in whole['state_dict'].items() if not key.startswith(RESUME_ONLY)}
            write_atomically({'meta': whole['meta'], 'state_dict': weights}, last.with_name(FINAL))

    @master_only
    def _save(self, runner: Any, done: int) -> None:
        folder = Path(runner.work_dir)
        partial = folder / f'.partial-{os.getpid()}.pth'
        runner.save_checkpoint(str(folder), partial.name, by_epoch=False)
        _flush(partial)
        partial.replace(folder / f'iter_{done}.pth')
        for old in numbered_checkpoints(folder)[self.keep:]:
            old.unlink()

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Turn MMEngine's message hub into plain tensors and numbers."""
        checkpoint['meta']['config_sha256'] = runner.cfg.get('config_sha256')
        hub = checkpoint['message_hub']
        checkpoint['message_hub'] = {
            'log_scalars': {name: {'values': torch.as_tensor(buffer.data[0][-self.window:]),
                                   'counts': torch.as_tensor(buffer.data[1][-self.window:])}
                            for name, buffer in hub['log_scalars'].items()},
            'runtime_info': {name: plain for name, value in hub['runtime_info'].items()
                             if (plain := _plain(value)) is not None},
            'resumed_keys': dict(hub['resumed_keys'])}

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Check that the weights are the model's own, and rebuild the message hub."""
        model = unwrapped(runner.model)
        check_fit(model, checkpoint.get('state_dict', {}), f'the checkpoint {runner._load_from}')
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
    """``value`` in types that load weights-only, or None when it has none."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (bool, int, float, str, torch.Tensor)):
        return value
    return None


def _flush(path: Path) -> None:
    with path.open('rb') as file:
        os.fsync(file.fileno())


def write_atomically(content: Mapping[str, Any], path: Path) -> None:
    """``torch.save`` to a temporary name beside ``path``, then rename."""
    partial = path.with_name(f'.partial-{os.getpid()}-{path.name}')
    torch.save(dict(content), partial)
    _flush(partial)
    partial.replace(path)


def numbered_checkpoints(folder: Path) -> list[Path]:
    """``iter_N.pth`` of a folder, newest first."""
    found = [(int(match[1]), path) for path in folder.glob('iter_*.pth') if (match := _NUMBERED.search(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def load(path: Path | str, what: str = 'the checkpoint') -> dict[str, Any]:
    """Load a checkpoint, tensors and plain values only.

    Raises:
        FileNotFoundError: it does not exist.
        ValueError: it is truncated, or holds more than tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{what} {path} does not exist.')
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:
        foreign = 'weights_only' in str(error) or 'Unsupported' in str(error)
        why = 'holds Python objects and is not opened (only tensors and plain values are safe)' if foreign else \
            'is truncated or not a checkpoint'
        raise ValueError(f'{what} {path} {why}.') from error


def newest_resumable(folder: Path) -> tuple[Path | None, list[Path]]:
    """The newest checkpoint of a folder that loads, and the newer ones that do not."""
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
    """Refuse weights that are not exactly the model's.

    Raises:
        ValueError: keys are missing, left over or of another shape; names the first of each.
    """
    own = model.state_dict()
    state = {re.sub(r'^module\.', '', key): value for key, value in state.items()}
    finished = not any(key.startswith(RESUME_ONLY) for key in state)  # a final.pth: such teachers begin anew
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
                     + '; use the config it was trained with.')
