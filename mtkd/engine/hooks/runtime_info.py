"""Each term's mean over the logging interval, gathered without waiting for the device in every step."""

from typing import Any

import torch
from mmengine.dist import all_gather, all_reduce, get_rank
from mmengine.hooks import RuntimeInfoHook
from torch import Tensor

from ...registry import HOOKS


@HOOKS.register_module()
class IntervalInfoHook(RuntimeInfoHook):
    """MMEngine's RuntimeInfoHook, but terms are summed on the device and read once an interval.

    What is logged is the mean of each term over the interval's iterations and over all ranks. An interval that a checkpoint
    falls into is in the checkpoint: after a resume its mean is that of the run without the stop. Steps with a term that is
    not finite do not enter the means.

    Args:
        interval: iterations between reads; the engine hands in that of ``default_hooks.logger``.
    """

    def __init__(self, interval: int = 50) -> None:
        super().__init__()
        self.interval = interval
        self._names: list[str] = []
        self._sum: Tensor | None = None  # of each term, and the number of steps
        self._ranks: Tensor | None = None

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Add one step's terms; flush when the interval is full or training ends."""
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
        """Collect the ranks' sums, because one rank writes the checkpoint; every rank has to call it."""
        self._ranks = None if self._sum is None else torch.stack([part.cpu() for part in all_gather(self._sum)])

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Keep the interval that has begun."""
        if self._ranks is not None:
            checkpoint['interval'] = {'names': list(self._names), 'sums': self._ranks}

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Go on with the interval that had begun; with another number of ranks, each takes its share of the sum."""
        kept = checkpoint.get('interval')
        if kept is not None:
            sums, ranks = kept['sums'], runner.world_size
            self._names = list(kept['names'])
            self._sum = sums[get_rank()].clone() if len(sums) == ranks else sums.mean(0)
