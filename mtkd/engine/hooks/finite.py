"""Stops training when a loss becomes infinite or NaN, before a checkpoint is affected."""

from collections.abc import Callable
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from torch import Tensor, nn

from ...registry import HOOKS
from ..unwrap import unwrapped

NEVER = 2 ** 62


class Diverged(RuntimeError):
    """A loss or weight is not finite; the message says which, since which iteration, and which checkpoints remain."""


@HOOKS.register_module()
class FiniteHook(Hook):
    """Stops a run with non-finite losses within one logging interval.

    Each step records on the device the first iteration in which each term was infinite or NaN. The records are read once per
    interval and before every checkpoint, so that no step synchronises with the device. The weights are also checked before a
    checkpoint: none with infinite or NaN weights is written, and no earlier one is removed.

    With ``skip``, steps with non-finite loss or gradients are skipped instead, up to that number in total: weights,
    optimizer and buffers (such as BatchNorm's statistics) keep their values from before the step, while the schedules
    advance. This checks the gradients in every step, which synchronises with the device, and keeps a copy of the buffers.
    With fp16, the gradient scaler already skips such steps, and this option is not needed.

    Args:
        interval: iterations between two checks; the engine sets the logging interval.
        skip: the number of steps that may be skipped; 0: none, the run stops.

    Raises:
        ValueError: ``interval`` or ``skip`` is invalid.
    """

    priority = 'HIGH'

    def __init__(self, interval: int = 50, skip: int = 0) -> None:
        if interval < 1 or skip < 0:
            raise ValueError(f'FiniteHook(interval={interval}, skip={skip}): give an interval of 1 or more, and 0 or more '
                             f'steps.')
        self.interval, self.skip = interval, skip
        self.skipped = 0
        self._names: list[str] = []
        self._first: Tensor | None = None  # first iteration in which each term was not finite
        self._unlike: set[str] = set()  # weights that are not finite from the start
        self._buffers: list[tuple[Tensor, Tensor]] = []
        self._left_out = False
        self._loss: Tensor | None = None

    def before_train(self, runner: Any) -> None:
        """Record which weights are not finite at the start; install the guard of the optimizer step.

        Raises:
            ValueError: ``skip`` is set together with fp16 or gradient accumulation.
        """
        self._unlike = set(_not_finite(unwrapped(runner.model)))
        if self.skip:
            if getattr(getattr(runner.optim_wrapper, 'scaler', None), 'is_enabled', lambda: False)():
                raise ValueError('default_hooks.finite.skip is not needed with fp16, whose gradient scaler already skips '
                                 'such steps: set it to 0.')
            if getattr(runner.optim_wrapper, '_accumulative_counts', 1) > 1:
                raise ValueError('default_hooks.finite.skip does not support optim_wrapper.accumulative_counts above 1: '
                                 'set one of them to its default.')
            runner.optim_wrapper.step = self._guarded(runner, runner.optim_wrapper.step)
            runner.optim_wrapper.update_params = self._watched(runner.optim_wrapper.update_params)

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Copy the buffers if steps may be skipped."""
        if self.skip:
            self._left_out = False
            self._buffers = [(buffer, buffer.detach().clone()) for buffer in unwrapped(runner.model).buffers()]

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Record the terms of the step; check the records at the end of the interval or training.

        Raises:
            Diverged: a term was not finite, and that step was not skipped.
        """
        if not outputs or self._left_out:
            return
        finite = torch.stack([torch.isfinite(torch.as_tensor(value).detach().float().reshape(()))
                              for value in outputs.values()])
        if self._first is None:
            self._names, self._first = list(outputs), torch.full((len(outputs),), NEVER, device=finite.device)
        self._first = torch.where(finite, self._first, self._first.clamp(max=runner.iter + 1))
        if (runner.iter + 1) % self.interval == 0 or runner.iter + 1 == runner.max_iters:
            self.check_terms(runner)

    def check_terms(self, runner: Any) -> None:
        """Check that all terms so far were finite on all ranks; must be called on every rank.

        Raises:
            Diverged: one was not; the message names the first one and its iteration.
        """
        if self._first is None:
            return
        first = self._first.clone()
        all_reduce(first, op='min')
        iterations = dict(zip(self._names, first.tolist(), strict=True))
        at = min(iterations.values())
        if at == NEVER:
            return
        bad = [name for name, iteration in iterations.items() if iteration == at]
        named = next((name for name in bad if name != 'loss'), 'the total loss')
        others = [name for name in bad if name not in (named, 'loss')]
        raise Diverged(f'training diverged: {named} was not finite in iteration {at} of {runner.max_iters}'
                       + (f' (nor was {", ".join(others)})' if others else '') + f'; {self._advice(runner)}')

    def check_weights(self, runner: Any) -> None:
        """Check that all weights are finite.

        Raises:
            Diverged: one is not finite, although it was at the start.
        """
        bad = [name for name in _not_finite(unwrapped(runner.model)) if name not in self._unlike]
        if bad:
            raise Diverged(f'training diverged: {bad[0]} has values that are not finite after iteration {runner.iter + 1} '
                           f'of {runner.max_iters} ({len(bad)} such tensors); {self._advice(runner)}')

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Store the number of skipped steps."""
        checkpoint['finite'] = {'skipped': self.skipped}

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Restore the number of skipped steps."""
        self.skipped = int((checkpoint.get('finite') or {}).get('skipped', 0))

    def _advice(self, runner: Any) -> str:
        kept = getattr(runner, 'last_checkpoint', None)
        left = f'the last finite checkpoint is {kept}' if kept else 'there is no checkpoint yet'
        return (f'{left}. Lower optim_wrapper.optimizer.lr, clip the gradients (optim_wrapper.clip_grad), or skip such '
                f'steps (default_hooks.finite.skip=10)')

    def _watched(self, update: Callable[..., None]) -> Callable[..., None]:
        """Wrap the update of the optimizer wrapper to record the loss as well: it may be infinite with finite gradients."""
        def watched(loss: Tensor, *args: Any, **kwargs: Any) -> None:
            self._loss = loss.detach()
            update(loss, *args, **kwargs)
        return watched

    def _guarded(self, runner: Any, step: Callable[..., None]) -> Callable[..., None]:
        """Run the optimizer step if loss and gradients are finite; otherwise restore the state before the step."""
        def guarded(**kwargs: Any) -> None:
            norms = torch._foreach_norm([p.grad for group in runner.optim_wrapper.param_groups for p in group['params']
                                         if p.grad is not None])
            loss = [] if self._loss is None else [self._loss.float().reshape(()).to(norms[0].device)]
            finite = torch.isfinite(torch.stack([*loss, *(norm.float() for norm in norms)])).all().to(torch.int64)
            all_reduce(finite, op='min')
            if finite.item():
                step(**kwargs)
                return
            self.skipped += 1
            if self.skipped > self.skip:
                raise Diverged(f'training diverged: loss or gradients of iteration {runner.iter + 1} of {runner.max_iters} '
                               f'are not finite, and {self.skip} steps have already been skipped '
                               f'(default_hooks.finite.skip={self.skip}); {self._advice(runner)}')
            self._left_out = True
            with torch.no_grad():
                for buffer, before in self._buffers:
                    buffer.copy_(before)
            runner.logger.warning(f'iteration {runner.iter + 1}: loss or gradients are not finite; the step is skipped '
                                  f'({self.skipped} of at most {self.skip})')
        return guarded


def _not_finite(model: nn.Module) -> list[str]:
    """Names of the parameters and buffers that contain infinite or NaN values."""
    named = [(name, value) for name, value in (*model.named_parameters(), *model.named_buffers())
             if value.is_floating_point() and value.numel()]
    if not named:
        return []
    finite = torch.stack([torch.isfinite(value.detach()).all().to(named[0][1].device) for _, value in named]).tolist()
    return [name for (name, _), good in zip(named, finite, strict=True) if not good]
