"""Hook that measures gradient conflicts between tasks at regular intervals."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from ...balance.gramian import take_gradients
from ...engine.unwrap import unwrapped
from ...registry import HOOKS
from .pictures import cosines_of, draw_history, matrix_picture, pairs

SCALE = 1024.0  # temporary factor of the losses, for gradients that would underflow in fp16


@HOOKS.register_module()
class GradientConflictHook(Hook):
    """Logs and plots the cosines between the tasks' gradients at a tap.

    The gradients are computed inside the forward pass of the step, from the input losses of the balance: one backward pass
    per task down to the tap, once per ``interval`` iterations. The training is not affected. Two tasks with a negative
    cosine conflict (Yu et al. 2020). With data parallelism, the Gramian is that of the whole batch.

    It writes ``conflict/<task>~<task>`` as scalars (JSON log, TensorBoard), the matrix as an image through the visualiser,
    and ``conflicts.png`` in the work dir after training. The history is in the checkpoint.

    Args:
        interval: iterations between two measurements.
        tap: the tap of the student.

    Raises:
        ValueError: ``interval`` is not positive; before training also: the network has no such tap, or there is only
            one task.
    """

    def __init__(self, interval: int = 50, tap: str = 'shared') -> None:
        if interval < 1:
            raise ValueError(f'GradientConflictHook: interval is {interval}; give 1 or more.')
        self.interval, self.tap = interval, tap
        self.steps: list[int] = []
        self.history: list[np.ndarray] = []  # (T, T) cosines of each measurement
        self._due = False
        self._gram: Tensor | None = None

    def before_train(self, runner: Any) -> None:
        """Hook into the input of the balance."""
        model = _model(runner)
        if self.tap not in model.net.tap_specs:
            raise ValueError(f"GradientConflictHook: the network has no tap '{self.tap}'; it has "
                             f'{", ".join(model.net.tap_specs)}.')
        if len(model.tasks) < 2:
            raise ValueError('GradientConflictHook compares the gradients of two or more tasks; there is one.')
        self._handle = model.balance.register_forward_pre_hook(self._look)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Determine whether to measure in this iteration."""
        self._due = (runner.iter + 1) % self.interval == 0

    def _look(self, balance: Any, given: tuple[Any, ...]) -> None:
        """Compute the Gramian of the input losses of a balance."""
        if not self._due or not torch.is_grad_enabled():
            return
        self._due = False  # the first of several accumulated batches
        losses, _ = balance.sort_terms(*given[:5])
        feature = given[3][self.tap]
        with torch.autocast(feature.device.type, enabled=False):
            self._gram = take_gradients(losses, [feature], [[] for _ in losses], replicated=False, scale=SCALE).gram

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Log the measurement."""
        if self._gram is None:
            return
        tasks, step = _model(runner).balance.names, runner.iter + 1
        cosines = cosines_of(self._gram.double().cpu().numpy())
        self._gram = None
        self.steps.append(step)
        self.history.append(cosines)
        known = {f'conflict/{name}': float(cosines[i, j]) for i, j, name in pairs(tasks) if not np.isnan(cosines[i, j])}
        if is_main_process():
            runner.visualizer.add_scalars(known, step=step)
            runner.visualizer.add_image('conflicts', matrix_picture(tasks, cosines, f'iteration {step}'), step=step)

    def after_train(self, runner: Any) -> None:
        """Plot the history of the whole training."""
        self._handle.remove()
        if self.steps and is_main_process():
            draw_history(_model(runner).balance.names, self.steps, self.history, Path(runner.work_dir) / 'conflicts.png')

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Add the history to the checkpoint, as plain numbers."""
        checkpoint['gradient_conflicts'] = {'steps': list(self.steps), 'cosines': [m.tolist() for m in self.history]}

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Restore the history."""
        state = checkpoint.get('gradient_conflicts')
        if state is not None:
            self.steps, self.history = list(state['steps']), [np.array(m) for m in state['cosines']]


def _model(runner: Any) -> Any:
    return unwrapped(runner.model)
