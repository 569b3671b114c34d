"""Dynamic task prioritisation: more weight for tasks that are still hard."""

import math
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Balance, Seen

FORMS = ('percent', 'ratio', 'error')
LEAST = 1e-4  # a KPI of 0 would give an infinite weight


@BALANCES.register_module()
class DTP(Balance):
    """w_t = -(1 - κ̄_t)^γ log κ̄_t, with κ̄_t a moving average of a key performance indicator in [0, 1].

    The weight of a task is 1 until its first KPI is known. ``kpi='loss'``: exp(-mean loss of the epoch), once per epoch.
    ``kpi='validation'``: a metric of each validation. The paper's optional focal loss on samples is not implemented.

    Args:
        gamma: γ.
        momentum: the fraction of κ̄ that is kept at an update.
        kpi: ``'loss'`` or ``'validation'``.
        metrics: for ``'validation'``: task -> (name of its metric, form). The form is ``'percent'``, ``'ratio'`` or
            ``'error'``; an error is converted to exp(-value).
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Guo et al. 2018, equations 4 to 6, from memory: the fact sheet (4.1, 4.4) rates this summary medium to low.
    """

    average: Tensor
    sum: Tensor
    count: Tensor

    def __init__(self, gamma: float = 1.0, momentum: float = 0.9, kpi: str = 'loss',
                 metrics: Mapping[str, tuple[str, str]] | None = None, include: str = 'tasks') -> None:
        super().__init__(include)
        if kpi not in ('loss', 'validation'):
            raise ValueError(f"balance: DTP has no kpi='{kpi}'; choose 'loss' or 'validation'.")
        if (kpi == 'validation') != (metrics is not None):
            raise ValueError("balance: DTP needs metrics, task -> (metric, form), if and only if kpi='validation'.")
        if not 0 <= momentum < 1:
            raise ValueError(f'balance: DTP has momentum={momentum}; give 0 or more and less than 1.')
        self.gamma, self.momentum, self.kpi = gamma, momentum, kpi
        self.metrics = {task: tuple(entry) for task, entry in (metrics or {}).items()}
        self.hears = frozenset({'epoch' if kpi == 'loss' else 'validation'})

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`.

        Raises:
            ValueError: ``metrics`` misses a task, names an unknown task, or has an entry with an unknown form.
        """
        super().setup(weights, net, extra)
        wrong = set(self.metrics) != set(weights) or any(len(e) != 2 or e[1] not in FORMS for e in self.metrics.values())
        if self.kpi == 'validation' and wrong:
            raise ValueError(f"balance: DTP's metrics must give each of {', '.join(weights)} a pair (metric, form), the "
                             f"form being one of {', '.join(FORMS)}; they are {self.metrics}.")
        for name in ('average', 'sum', 'count'):  # an average of 0 means unknown
            self.register_buffer(name, torch.zeros(len(weights)))

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        if seen is None:
            return losses.sum()
        if self.kpi == 'loss':
            self.sum += seen.values
            self.count += seen.active
        weights = torch.where(self.average > 0, priorities(self.average, self.gamma), torch.ones_like(self.average))
        return (weights * seen.active * losses).sum()

    def end_epoch(self) -> None:
        """With ``kpi='loss'``: update the KPI of every task that occurred in the epoch."""
        if self.kpi == 'loss':
            self._take(torch.exp(-self.sum / self.count.clamp_min(1)), self.count > 0)
            self.sum.zero_()
            self.count.zero_()

    def validated(self, metrics: Mapping[str, float]) -> None:
        """With ``kpi='validation'``: update the KPI of every task whose metric is not NaN.

        Raises:
            ValueError: the validation does not report a required metric.
        """
        if self.kpi != 'validation':
            return
        found = []
        for task in self.names:
            name, form = self.metrics[task]
            if f'{task}/{name}' not in metrics:
                raise ValueError(f"balance: DTP needs the metric '{task}/{name}', but the validation reports "
                                 f"{', '.join(sorted(metrics)) or 'nothing'}.")
            value = float(metrics[f'{task}/{name}'])
            found.append({'percent': value / 100, 'ratio': value, 'error': math.exp(-value)}[form])
        kpis = torch.tensor(found, device=self.average.device)
        self._take(kpis, kpis.isfinite())

    def _take(self, kpis: Tensor, there: Tensor) -> None:
        kpis = kpis.clamp(LEAST, 1.0)
        mixed = torch.where(self.average > 0, self.momentum * self.average + (1 - self.momentum) * kpis, kpis)
        self.average.copy_(torch.where(there, mixed, self.average))


def priorities(kpis: Tensor, gamma: float) -> Tensor:
    """(T,) KPIs in (0, 1] -> (T,) weights -(1 - κ)^γ log κ."""
    kpis = kpis.clamp_min(LEAST)
    return -(1 - kpis) ** gamma * torch.log(kpis)
