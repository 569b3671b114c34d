"""Means of all terms over the logging interval, without device synchronisation in every step."""

from typing import Any

import torch
from mmengine.dist import all_gather, all_reduce, get_rank
from mmengine.hooks import RuntimeInfoHook
from torch import Tensor

from ...registry import HOOKS


@HOOKS.register_module()
class IntervalInfoHook(RuntimeInfoHook):
    """MMEngine's RuntimeInfoHook, but terms are summed on the device and read once per interval.

    It logs the mean of each term over the iterations of the interval and over all ranks. The partial sums of an interval are
    stored in checkpoints, so that its mean is not affected by resuming. Steps with a non-finite term are excluded from the
    means.

    Args:
        interval: iterations between reads; the engine sets that of ``default_hooks.logger``.
    """

    def __init__(self, interval: int = 50) -> None:
        super().__init__()
        self.interval = interval
        self._names: list[str] = []
        self._sum: Tensor | None = None  # sum of each term, and the number of steps
        self._ranks: Tensor | None = None

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Add the terms of one step; flush at the end of the interval or training."""
        if not outputs:
            return
        values = torch.stack([torch.as_tensor(v).detach().float().reshape(()) for v in outputs.values()])
        values = torch.cat([values, values.new_ones(1)])
        values = torch.where(torch.isfinite(values).all(), values, 0.0)
        if self._sum is None:
            self._sum = torch.zeros_like(values)
        self._names = list(outputs)
        self._sum = self._sum.to(values.device) + values
        if (runner.iter + 1) % self.interval == 0 or runner.iter + 1 == runner.max_iters:
            mean = self._sum[:-1] / self._sum[-1]
            all_reduce(mean, op='mean')
            for name, value in zip(self._names, mean.tolist(), strict=True):
                runner.message_hub.update_scalar(f'train/{name}', value)
            self._sum = None

    def gather_for_checkpoint(self) -> None:
        """Gather the sums of all ranks for the checkpoint; must be called on every rank."""
        self._ranks = None if self._sum is None else torch.stack([part.cpu() for part in all_gather(self._sum)])

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Store the sums of the current interval."""
        if self._ranks is not None:
            checkpoint['interval'] = {'names': list(self._names), 'sums': self._ranks}

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Restore the sums of the interval; if the number of ranks has changed, each rank receives an equal share."""
        kept = checkpoint.get('interval')
        if kept is not None:
            sums, ranks = kept['sums'], runner.world_size
            self._names = list(kept['names'])
            self._sum = sums[get_rank()].clone() if len(sums) == ranks else sums.mean(0)
