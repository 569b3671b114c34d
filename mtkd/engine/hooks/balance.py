"""Passes events of the run to the balance: seed, progress, ends of epochs, validation metrics."""

from typing import Any

import torch
from mmengine.hooks import Hook

from ...registry import HOOKS
from ..unwrap import unwrapped


@HOOKS.register_module()
class BalanceHook(Hook):
    """Passes the events listed in ``hears`` to the balance; it has no cost if there are none.

    The end of an epoch is reported directly after its last step, before the checkpoint of that step is written. A validation
    follows later; a run that resumes from that checkpoint repeats the validation before its first step (``TrainLoop``), so
    that it is bit-exact.
    """

    priority = 'NORMAL'

    def before_train(self, runner: Any) -> None:
        """Start or resume the run.

        Raises:
            ValueError: the balance needs validations, and there are none.
        """
        balance = _balance(runner)
        balance.begin(runner.seed)
        if 'validation' not in balance.hears:
            return
        if runner.val_loop is None:
            raise ValueError(f'balance: {type(balance).__name__} reads the metrics of validations during training; set '
                             f'train_cfg.val_interval.')

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Report the progress."""
        balance = _balance(runner)
        if 'progress' in balance.hears:
            balance.progress(runner.iter / runner.max_iters)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Report the losses after the step and, after its last step, the end of an epoch."""
        balance = _balance(runner)
        if 'stepped' in balance.hears:
            model = unwrapped(runner.model)
            with torch.no_grad(), runner.optim_wrapper.optim_context(model):
                balance.stepped(model.task_losses(data_batch))
        if 'epoch' in balance.hears and (runner.iter + 1) % runner.train_loop.batches_per_epoch == 0:
            balance.end_epoch()

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """Report the metrics of a validation."""
        balance = _balance(runner)
        if 'validation' in balance.hears:
            balance.validated(metrics or {})


def _balance(runner: Any) -> Any:
    return unwrapped(runner.model).balance
