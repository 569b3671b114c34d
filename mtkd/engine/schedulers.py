"""Learning-rate schedules that MMEngine does not have."""

from typing import Any

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler

from ..registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class TriangularLR(LRSchedulerMixin, _ParamScheduler):
    """The learning rate goes up from ``lr_min`` to ``lr_max`` and down again, in straight lines, over and over::

        param_scheduler = [dict(type='TriangularLR', lr_min=1e-4, lr_max=1e-2, period=2, by_epoch=True,
                                convert_to_iter_based=True)]                      # two cycles in four epochs

    The bounds are those of parameters with the optimizer's own learning rate; a group with a factor keeps its factor.

    Args:
        optimizer: MMEngine hands it in.
        lr_min: the lower bound; None, with ``lr_max``: those that the hook ``LRRangeTest`` finds.
        lr_max: the upper bound.
        period: length of one cycle, in epochs or iterations.
        **kwargs: of MMEngine's parameter schedulers.

    Raises:
        ValueError: bounds or period that make no sense.

    Source: Smith 2017, the triangular policy. "Two cycles in four epochs" is fact sheet 1.4.2, whose source states no more
    than the paper's name among its references; Smith's own advice is a longer cycle (4 to 16 epochs).
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
        """The same in iterations, from lengths in epochs; MMEngine calls it where ``convert_to_iter_based`` is set."""
        assert by_epoch and epoch_length
        kwargs.update(period=period * epoch_length, begin=begin * epoch_length, by_epoch=False,
                      end=end if end == INF else end * epoch_length)
        return cls(*args, **kwargs)

    def adopt_range(self, lr_min: float, lr_max: float) -> None:
        """Take the bounds that a range test found, unless there are some already."""
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
    """See that both bounds are given, in order, or none.

    Raises:
        ValueError: they are not.
    """
    if (lr_min is None) != (lr_max is None) or (lr_min is not None and lr_max is not None and not 0 < lr_min < lr_max):
        raise ValueError(f'{who}: lr_min={lr_min}, lr_max={lr_max}; give two positive learning rates, the smaller first, or '
                         f'neither and a hook LRRangeTest to find them.')
