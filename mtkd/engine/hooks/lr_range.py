"""Learning rate range test: a short run on a copy of the model with an increasing learning rate."""

import copy
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_reduce, get_rank, is_main_process
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper

from ... import atomic
from ...registry import HOOKS
from ..loops import step_seed
from ..unwrap import unwrapped

LOOK = 10  # iterations between two checks of the losses
BROKEN = 4.0  # the test ends when the smoothed loss exceeds its minimum by this factor


@HOOKS.register_module()
class LRRangeTest(Hook):
    """Before the first iteration, finds [lr_min, lr_max] for ``AdaptiveLR`` and ``TriangularLR`` without bounds.

    A copy of the model is trained on the first batches with a fresh optimizer, with a learning rate that increases
    exponentially from ``low`` to ``high``; then the copy is discarded, so that the run itself is not affected. (During the
    test, the copy needs as much memory as the model and its optimizer.) The curve and the bounds are written to
    ``lr_range.json`` in the work dir. A resumed run does not repeat the test: the bounds are in the checkpoint.

    Args:
        low: the first learning rate.
        high: the last learning rate.
        iters: iterations of the test.
        smoothing: momentum of the smoothing, see :func:`choose_range`.

    Raises:
        ValueError: an argument is invalid; before training also: no hook or schedule needs bounds, or :func:`choose_range`
            finds none.

    Source: Smith 2017 (the range test); fact sheet 1.4.2. The derivation of the bounds from the curve is ours.
    """

    priority = 'HIGH'  # before the users of the bounds

    def __init__(self, low: float = 1e-6, high: float = 1.0, iters: int = 100, smoothing: float = 0.9) -> None:
        if not 0 < low < high or iters < LOOK or not 0 <= smoothing < 1:
            raise ValueError(f'LRRangeTest(low={low}, high={high}, iters={iters}, smoothing={smoothing}): low and high are '
                             f'positive, low the smaller, iters {LOOK} or more, smoothing in [0, 1).')
        self.low, self.high, self.iters, self.smoothing = low, high, iters, smoothing

    def before_train(self, runner: Any) -> None:
        """Run the test and pass on the bounds."""
        takers = [part for part in (*runner.hooks, *(runner.param_schedulers or [])) if hasattr(part, 'adopt_range')]
        if not takers:
            raise ValueError('LRRangeTest finds bounds that nothing uses: add the hook AdaptiveLR or the schedule '
                             'TriangularLR, or remove LRRangeTest.')
        if runner.iter > 0:
            return
        rates, losses = self._run(runner)
        lr_min, lr_max = choose_range(rates, losses, self.smoothing)
        runner.logger.info(f'learning-rate range test: between {lr_min:.3g} and {lr_max:.3g} ({len(rates)} iterations)')
        if is_main_process():
            curve = {'lr_min': lr_min, 'lr_max': lr_max, 'lr': rates, 'loss': losses,
                     'smoothed': smoothed(losses, self.smoothing).tolist()}
            atomic.write_text(Path(runner.work_dir) / 'lr_range.json', json.dumps(curve) + '\n')
        for taker in takers:
            taker.adopt_range(lr_min, lr_max)

    def _run(self, runner: Any) -> tuple[list[float], list[float]]:
        """Learning rates and their losses, up to the divergence."""
        own = unwrapped(runner.model)
        model = runner.wrap_model(runner.cfg.get('model_wrapper_cfg'), copy.deepcopy(own))
        model.train()
        optimiser = build_optim_wrapper(model, runner.cfg.optim_wrapper)
        optimiser.initialize_count_status(model, 0, self.iters)
        base = float(optimiser.defaults['lr'])
        factors = [group['lr'] / base for group in optimiser.param_groups]
        rates = [self.low * (self.high / self.low) ** (i / (self.iters - 1)) for i in range(self.iters)]
        loader = runner.train_dataloader
        loader.batch_sampler.start_at(0)
        batches, losses = iter(loader), list[float]()
        pending: list[torch.Tensor] = []
        for i, rate in enumerate(rates):
            for group, factor in zip(optimiser.param_groups, factors, strict=True):
                group['lr'] = rate * factor
            torch.manual_seed(step_seed(runner.seed, i, get_rank()))
            pending.append(model.train_step(next(batches), optim_wrapper=optimiser)['loss'].detach().float())
            if len(pending) == LOOK or i + 1 == self.iters:
                seen = torch.stack(pending)
                all_reduce(seen, op='mean')
                losses, pending = [*losses, *seen.tolist()], []
                if broke(losses, self.smoothing):
                    break
        kept = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))
        return rates[:kept], losses[:kept]


def smoothed(losses: Sequence[float], momentum: float) -> np.ndarray:
    """Exponential moving average of the losses with bias correction, (N,)."""
    mean, out = 0.0, []
    for i, loss in enumerate(losses):
        mean = momentum * mean + (1 - momentum) * loss
        out.append(mean / (1 - momentum ** (i + 1)))
    return np.array(out)


def broke(losses: Sequence[float], momentum: float) -> bool:
    """Whether the loss has diverged: it is NaN, or far above its minimum."""
    curve = smoothed(losses, momentum)
    if not np.isfinite(curve).all():
        return True
    return bool(curve[-1] - curve.min() > (BROKEN - 1) * max(abs(curve.min()), 1e-12))


def choose_range(rates: Sequence[float], losses: Sequence[float], smoothing: float = 0.9) -> tuple[float, float]:
    """Choose the bounds of the learning rate from a range test.

    On the smoothed loss as a function of ln(lr): ``lr_max`` is the point of steepest decrease, about an order of magnitude
    before the minimum; ``lr_min`` is the smallest learning rate from which the slope is at least a tenth of that all the way
    to ``lr_max``, and at most a quarter of ``lr_max``. The slope is that of a straight line through the values in a
    symmetric window of the length of the smoothing. The first values, which have no complete window, are ignored.

    Args:
        rates: growing learning rates.
        losses: the loss at each learning rate.
        smoothing: momentum of the smoothing.

    Returns:
        (lr_min, lr_max).

    Raises:
        ValueError: there are too few values, or the loss never decreases.
    """
    if len(losses) < LOOK:
        raise ValueError(f'LRRangeTest: the loss was infinite or NaN after {len(losses)} iterations: give a smaller low.')
    slope = _slopes(np.log(rates), smoothed(losses, smoothing), round(0.5 / (1 - smoothing)))
    slope[:min(round(1 / (1 - smoothing)), len(losses) // 4)] = np.nan
    steepest = int(np.nanargmin(slope))
    if slope[steepest] >= 0:
        raise ValueError(f'LRRangeTest: the loss decreases at no learning rate from {rates[0]:.2g} to {rates[-1]:.2g}: '
                         'give other values of low and high, or more iters.')
    first = steepest
    while first > 0 and slope[first - 1] <= 0.1 * slope[steepest]:
        first -= 1
    return float(min(rates[first], rates[steepest] / 4)), float(rates[steepest])


def _slopes(x: np.ndarray, y: np.ndarray, reach: int) -> np.ndarray:
    """The slope of the line through ``reach`` points on either side of each; NaN if there are fewer."""
    reach = min(max(reach, 1), (len(x) - 1) // 2)
    slopes = np.full(len(x), np.nan)
    for i in range(reach, len(x) - reach):
        around = slice(i - reach, i + reach + 1)
        centred = x[around] - x[around].mean()
        slopes[i] = centred @ y[around] / (centred @ centred)
    return slopes
