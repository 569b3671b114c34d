"""Schedules that MMEngine lacks, or that end one step early in MMEngine."""

from typing import Any

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.momentum_scheduler import MomentumSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, LinearParamScheduler, PolyParamScheduler, _ParamScheduler

from ..registry import PARAM_SCHEDULERS


class ByFormula(_ParamScheduler):
    """A schedule that follows its formula exactly: the value of step i of N = ``end`` - ``begin`` is that of i / N.

    MMEngine's ``PolyLR`` and ``LinearLR`` reach their last value after N - 1 steps, so that the last of N iterations of
    the former has the learning rate ``eta_min``, usually 0. These classes replace them under the same names. The value of i
    = N is also set: it applies from ``end`` on, if training continues.

    A step multiplies the current value by the ratio of two values of the formula, so that several schedules can be combined,
    as in MMEngine.

    Raises:
        ValueError: ``end`` is missing, so that the schedule would have no effect.
    """

    def __init__(self, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(optimizer, *args, **kwargs)
        if self.end >= INF:
            raise ValueError(f'{type(self).__name__} has no end, so that it would have no effect: give end in '
                             f'param_scheduler, in {"epochs" if self.by_epoch else "iterations"}.')

    end: int

    def factor(self, done: float, base: float) -> float:
        """The scheduled value relative to ``base``, the optimizer's value, after the fraction ``done`` of the steps."""
        raise TypeError(f'{type(self).__name__} does not define factor')

    def step(self) -> None:
        """Take one step; unlike in MMEngine, the step at ``end`` is included."""
        last, self.end = self.end, self.end + 1 if self.end < INF else self.end
        try:
            super().step()
        finally:
            self.end = last

    def _get_value(self) -> list[float]:
        steps = (self.end - self.begin) - 1  # end is one higher during a step
        values = []
        for group, base in zip(self.optimizer.param_groups, self.base_values, strict=True):
            now = self.factor(self.last_step / steps, base)
            before = self.factor((self.last_step - 1) / steps, base) if self.last_step else 1.0
            values.append(group[self.param_name] * now / before if before else base * now)
        return values


class _Poly(ByFormula, PolyParamScheduler):
    """``eta_min`` + (value of the optimizer - ``eta_min``) (1 - i / N) ^ power."""

    def factor(self, done: float, base: float) -> float:
        least = self.eta_min / base if base else 0.0
        return (1 - least) * max(1 - done, 0.0) ** self.power + least


class _Linear(ByFormula, LinearParamScheduler):
    """A straight line from ``start_factor`` to ``end_factor``, which is reached at ``end``."""

    def factor(self, done: float, base: float) -> float:
        return self.start_factor + (self.end_factor - self.start_factor) * done


@PARAM_SCHEDULERS.register_module()
class PolyLR(LRSchedulerMixin, _Poly):
    """Polynomial decay of the learning rate, lr (1 - i / N) ^ power, as in DeepLab and later papers.

    Args: ``power``, ``eta_min``, ``begin``, ``end`` and ``by_epoch`` as in MMEngine.

    Source: Chen et al. 2017 (DeepLab), section 4.1; see :class:`ByFormula` for the difference to MMEngine.
    """


@PARAM_SCHEDULERS.register_module()
class LinearLR(LRSchedulerMixin, _Linear):
    """Linear warm-up of the learning rate: ``start_factor`` to ``end_factor`` times the optimizer's.

    Args: ``start_factor``, ``end_factor``, ``begin``, ``end`` and ``by_epoch`` as in MMEngine.
    """


@PARAM_SCHEDULERS.register_module()
class PolyMomentum(MomentumSchedulerMixin, _Poly):
    """Like :class:`PolyLR`, for the momentum (Adam's first beta)."""


@PARAM_SCHEDULERS.register_module()
class LinearMomentum(MomentumSchedulerMixin, _Linear):
    """Like :class:`LinearLR`, for the momentum (Adam's first beta)."""


@PARAM_SCHEDULERS.register_module()
class TriangularLR(LRSchedulerMixin, _ParamScheduler):
    """Triangular cyclic learning rate, increasing linearly from ``lr_min`` to ``lr_max`` and decreasing again::

        param_scheduler = [dict(type='TriangularLR', lr_min=1e-4, lr_max=1e-2, period=2, by_epoch=True,
                                convert_to_iter_based=True)]                      # two cycles in four epochs

    The bounds apply to parameters with the optimizer's learning rate; a group with a factor keeps its factor.

    Args:
        optimizer: set by MMEngine.
        lr_min: the lower bound; None, like ``lr_max``: found by the hook ``LRRangeTest``.
        lr_max: the upper bound.
        period: length of one cycle, in epochs or iterations.
        **kwargs: see MMEngine's parameter schedulers.

    Raises:
        ValueError: invalid bounds or period.

    Source: Smith 2017, the triangular policy. "Two cycles in four epochs" is from fact sheet 1.4.2, whose source only lists
    the paper among its references; Smith recommends a longer cycle (4 to 16 epochs).
    """

    def __init__(self, optimizer: Any, lr_min: float | None = None, lr_max: float | None = None, period: float = 2,
                 **kwargs: Any) -> None:
        check_bounds('TriangularLR', lr_min, lr_max)
        if period <= 0:
            raise ValueError(f'TriangularLR: period={period}; give a positive length.')
        self.lr_min, self.lr_max, self.period = lr_min, lr_max, float(period)
        self.own_lr = float(optimizer.defaults['lr'])
        super().__init__(optimizer, **kwargs)

    @classmethod
    def build_iter_from_epoch(cls, *args: Any, period: float = 2, begin: int = 0, end: int = INF, by_epoch: bool = True,
                              epoch_length: int | None = None, **kwargs: Any) -> 'TriangularLR':
        """Convert lengths in epochs to iterations; called by MMEngine if ``convert_to_iter_based`` is set."""
        assert by_epoch and epoch_length
        kwargs.update(period=period * epoch_length, begin=begin * epoch_length, by_epoch=False,
                      end=end if end == INF else end * epoch_length)
        return cls(*args, **kwargs)

    def adopt_range(self, lr_min: float, lr_max: float) -> None:
        """Set the bounds from a range test, unless they are already set."""
        if self.lr_min is None:
            self.lr_min, self.lr_max = lr_min, lr_max
            for group, value in zip(self.optimizer.param_groups, self._get_value(), strict=True):
                group['lr'] = value

    def _get_value(self) -> list[float]:
        if self.lr_min is None or self.lr_max is None:
            return [group['lr'] for group in self.optimizer.param_groups]
        place = self.last_step / self.period % 1
        value = self.lr_min + (self.lr_max - self.lr_min) * (1 - abs(2 * place - 1))
        return [value * base / self.own_lr for base in self.base_values]


def check_bounds(who: str, lr_min: float | None, lr_max: float | None) -> None:
    """Check that either both bounds are given, in order, or none.

    Raises:
        ValueError: they are not.
    """
    if (lr_min is None) != (lr_max is None) or (lr_min is not None and lr_max is not None and not 0 < lr_min < lr_max):
        raise ValueError(f'{who}: lr_min={lr_min}, lr_max={lr_max}; give two positive learning rates, the smaller first, or '
                         f'neither and a hook LRRangeTest to find them.')
