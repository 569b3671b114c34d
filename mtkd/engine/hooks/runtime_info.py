"""Each term's mean over the logging interval, gathered without waiting for the device in every step."""

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import RuntimeInfoHook
from torch import Tensor

from ...registry import HOOKS


@HOOKS.register_module()
class IntervalInfoHook(RuntimeInfoHook):
    """MMEngine's RuntimeInfoHook, but terms are summed on the device and read once an interval.

    What is logged is the mean of each term over the interval's iterations and over all ranks.

    Args:
        interval: iterations between reads; give LoggerHook the same.
    """

    def __init__(self, interval: int = 50) -> None:
        super().__init__()
        self.interval = interval
        self._names: list[str] = []
        self._sum: Tensor | None = None
        self._steps = 0

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Add one step's terms; flush when the interval is full or training ends."""
        if not outputs:
            return
        values = torch.stack([torch.as_tensor(v).detach().float().reshape(()) for v in outputs.values()])
        if self._sum is None:
            self._names, self._sum = list(outputs), torch.zeros_like(values)
        self._sum += values
        self._steps += 1
        if (runner.iter + 1) % self.interval == 0 or runner.iter + 1 == runner.max_iters:
            mean = self._sum / self._steps
            all_reduce(mean, op='mean')
            for name, value in zip(self._names, mean.tolist(), strict=True):
                runner.message_hub.update_scalar(f'train/{name}', value)
            self._sum, self._steps = None, 0
