"""What the model's balance has to know of the run: its seed, how far it is, where epochs end, what validations find."""

from typing import Any

import torch
from mmengine.hooks import Hook

from ...registry import HOOKS
from ..unwrap import unwrapped


@HOOKS.register_module()
class BalanceHook(Hook):
    """Tells the balance what it says in ``hears``; costs nothing where that is nothing.

    An epoch's end is told right after its last step, before a checkpoint of that step is written. A validation comes after
    it; a run that goes on from there validates again before its first step (``TrainLoop``), so that it continues bit-equal.
    """

    priority = 'NORMAL'

    def before_train(self, runner: Any) -> None:
        """The run begins or goes on.

        Raises:
            ValueError: the balance reads validations, and there are none.
        """
        balance = _balance(runner)
        balance.begin(runner.seed)
        if 'validation' not in balance.hears:
            return
        if runner.val_loop is None:
            raise ValueError(f'balance: {type(balance).__name__} reads the metrics of validations during training; set '
                             f'train_cfg.val_interval.')

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """How far the run is."""
        balance = _balance(runner)
        if 'progress' in balance.hears:
            balance.progress(runner.iter / runner.max_iters)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """The losses after the step; after an epoch's last step: that it ends."""
        balance = _balance(runner)
        if 'stepped' in balance.hears:
            model = unwrapped(runner.model)
            with torch.no_grad(), runner.optim_wrapper.optim_context(model):
                balance.stepped(model.task_losses(data_batch))
        if 'epoch' in balance.hears and (runner.iter + 1) % runner.train_loop.batches_per_epoch == 0:
            balance.end_epoch()

    def after_val_epoch(self, runner: Any, metrics: dict[str, float] | None = None) -> None:
        """What a validation found."""
        balance = _balance(runner)
        if 'validation' in balance.hears:
            balance.validated(metrics or {})


def _balance(runner: Any) -> Any:
    return unwrapped(runner.model).balance
