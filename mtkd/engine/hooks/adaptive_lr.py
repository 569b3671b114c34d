"""A learning rate that increases while the loss decreases and vice versa."""

import math
from typing import Any

import torch
from mmengine.dist import all_gather, all_reduce, get_rank, get_world_size
from mmengine.hooks import Hook
from torch import Tensor

from ...registry import HOOKS
from ..schedulers import check_bounds


@HOOKS.register_module()
class AdaptiveLR(Hook):
    """Every ``every`` iterations, compares the smoothed total loss with its value ``every`` iterations ago.

    With r = now / then: r < 1 - ``tolerance`` multiplies the learning rate by ``up``, r > 1 (or a NaN loss) by ``down``, and
    other values keep it; it stays within [``lr_min``, ``lr_max``]. The loss is smoothed on the device and read once per
    ``every`` iterations. A total that may be negative (learned task weights) is compared by its change relative to its
    magnitude, which is equivalent for a positive one.

    It replaces schedules: a config that also has ``param_scheduler`` is an error. Its state is in the checkpoint, so that a
    resumed run is bit-exact.

    Args:
        lr_min: the lower bound; None, like ``lr_max``: found by the hook ``LRRangeTest``.
        lr_max: the upper bound. The initial learning rate is that of the optimizer, clipped to the bounds.
        every: iterations between two decisions.
        up: factor for a decreasing loss, above 1.
        down: factor for an increasing loss, below 1.
        tolerance: minimum relative decrease of a decreasing loss.
        momentum: momentum of the smoothing; .98 averages about the last 50 iterations.

    Raises:
        ValueError: an argument is invalid; before training also: there are schedules as well, or no bounds.

    Source: ours. Distill-2MD-MTL mentions a self-tuning learning rate without stating a rule; this is the recommendation of
    fact sheet 1.4.2 (which does not specify the smoothing constant and the treatment of negative totals).
    """

    def __init__(self, lr_min: float | None = None, lr_max: float | None = None, every: int = 100, up: float = 1.05,
                 down: float = 0.7, tolerance: float = 0.005, momentum: float = 0.98) -> None:
        check_bounds('AdaptiveLR', lr_min, lr_max)
        if every < 1 or up <= 1 or not 0 < down < 1 or not 0 <= tolerance < 1 or not 0 <= momentum < 1:
            raise ValueError(f'AdaptiveLR(every={every}, up={up}, down={down}, tolerance={tolerance}, momentum={momentum}): '
                             f'every is 1 or more, up above 1, down between 0 and 1, tolerance and momentum in [0, 1).')
        self.lr_min, self.lr_max = lr_min, lr_max
        self.every, self.up, self.down, self.tolerance, self.momentum = every, up, down, tolerance, momentum
        self.lr = 0.0  # 0: not started
        self._factors: list[float] = []  # of each parameter group
        self._smooth: Tensor | None = None
        self._ranks: list[float] | None = None  # of every rank, for a checkpoint
        self._before: float | None = None

    def adopt_range(self, lr_min: float, lr_max: float) -> None:
        """Set the bounds from a range test, unless they are already set."""
        if self.lr_min is None:
            self.lr_min, self.lr_max = lr_min, lr_max

    def before_train(self, runner: Any) -> None:
        """Start within the bounds, or resume from a checkpoint."""
        if runner.param_schedulers:
            raise ValueError('AdaptiveLR sets the learning rate itself: remove the schedules from the config '
                             '(param_scheduler=[]).')
        if self.lr_min is None or self.lr_max is None:
            raise ValueError('AdaptiveLR has no bounds: give lr_min and lr_max, or put the hook LRRangeTest before it.')
        if self.lr == 0:
            own = float(runner.optim_wrapper.defaults['lr'])
            self.lr = min(max(own, self.lr_min), self.lr_max)
            self._factors = [group['lr'] / own for group in runner.optim_wrapper.param_groups]
        self._apply(runner)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Smooth the loss, and adjust the learning rate at the interval."""
        loss = outputs['loss'].detach().float()
        before = loss if self._smooth is None else self._smooth.to(loss.device)
        self._smooth = before.lerp(loss, 1 - self.momentum)
        if (runner.iter + 1) % self.every == 0:
            now = self._smooth.clone()
            all_reduce(now, op='mean')  # mean of the ranks' shares: every rank makes the same decision
            self._decide(now.item())
            self._apply(runner)

    def _decide(self, now: float) -> None:
        """Adjust the learning rate, and store the loss."""
        assert self.lr_min is not None and self.lr_max is not None
        if self._before is not None or not math.isfinite(now):
            before = now if self._before is None else self._before
            change = (now - before) / max(abs(before), 1e-12)
            if change < -self.tolerance:
                self.lr = min(self.lr * self.up, self.lr_max)
            elif not change <= 0:  # NaN too
                self.lr = max(self.lr * self.down, self.lr_min)
        self._before = now

    def _apply(self, runner: Any) -> None:
        for group, factor in zip(runner.optim_wrapper.param_groups, self._factors, strict=True):
            group['lr'] = self.lr * factor

    def gather_for_checkpoint(self) -> None:
        """Gather the smoothed losses of all ranks for the checkpoint; must be called on every rank."""
        self._ranks = None if self._smooth is None else [part.item() for part in all_gather(self._smooth)]

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Add the state to the checkpoint, as plain numbers."""
        checkpoint['adaptive_lr'] = {'lr': self.lr, 'lr_min': self.lr_min, 'lr_max': self.lr_max, 'smooth': self._ranks,
                                     'before': self._before, 'factors': list(self._factors)}

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Restore the state."""
        state = checkpoint.get('adaptive_lr')
        if state is not None:
            if self.lr_min is None or self.lr_max is None:  # bounds in the config take precedence
                self.lr_min, self.lr_max = state['lr_min'], state['lr_max']
            self.lr = min(max(state['lr'], self.lr_min), self.lr_max)
            smooth = state['smooth'] or []
            mine = smooth[get_rank()] if len(smooth) == get_world_size() else sum(smooth) / max(len(smooth), 1)
            self._smooth = torch.tensor(mine) if smooth else None
            self._before, self._factors = state['before'], list(state['factors'])
