"""Homoscedastic uncertainty: learned log variances as weights."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Balance, Seen

KINDS = {'regression': 0.5, 'classification': 1.0}


@BALANCES.register_module()
class Uncertainty(Balance):
    """Divides each loss by a learned variance e^s, with s/2 as a regulariser.

    ``form='mtan'``: L / (2 e^s) + s/2 for every task, as in MTAN, LibMTL and KD4MTL. ``form='kendall'``: the factor is
    1/2 for a regression and 1 for a classification. s is a parameter of the model and is trained by its optimiser; an absent
    task adds no s/2 either, so that its s is unchanged.

    Args:
        form: as above.
        kinds: for ``'kendall'``: task -> ``'regression'`` or ``'classification'``, for every task.
        init: the initial value of s.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Kendall et al. 2018, equations 7 to 10; Liu et al. 2019 (MTAN); fact sheet 4.1.
    """

    log_variance: nn.Parameter
    factor: Tensor

    def __init__(self, form: str = 'mtan', kinds: Mapping[str, str] | None = None, init: float = -0.5,
                 include: str = 'tasks') -> None:
        super().__init__(include)
        if form not in ('mtan', 'kendall'):
            raise ValueError(f"balance: Uncertainty has no form='{form}'; choose 'mtan' or 'kendall'.")
        if (form == 'kendall') != (kinds is not None):
            raise ValueError("balance: Uncertainty needs kinds, task -> 'regression' or 'classification', if and only if "
                             "form='kendall'.")
        self.form, self.kinds, self.init = form, dict(kinds or {}), init

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`.

        Raises:
            ValueError: ``kinds`` misses a task, names an unknown task, or has an unknown kind.
        """
        super().setup(weights, net, extra)
        wrong = set(self.kinds) != set(weights) or set(self.kinds.values()) - set(KINDS)
        if self.form == 'kendall' and wrong:
            raise ValueError(f"balance: Uncertainty's kinds must give each of {', '.join(weights)} one of "
                             f"{', '.join(KINDS)}; they are {self.kinds}.")
        factors = [KINDS[self.kinds[task]] if self.form == 'kendall' else 0.5 for task in weights]
        self.register_buffer('factor', torch.tensor(factors), persistent=False)
        self.log_variance = nn.Parameter(torch.full((len(weights),), self.init))

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        each = self.factor * losses * torch.exp(-self.log_variance) + self.log_variance / 2
        return (each if seen is None else each * seen.active).sum()
