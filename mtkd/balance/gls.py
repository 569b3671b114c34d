"""GLS: the geometric mean of the losses."""

import torch
from torch import Tensor

from ..registry import BALANCES
from .scalarization import Scalarization


@BALANCES.register_module()
class GLS(Scalarization):
    """(Π L_t)^(1/T) over the T active tasks. Losses must be positive.

    Args:
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Chennupati et al. 2019, MultiNet++, equation 2; LibMTL at 4336804, weighting/GLS.py.
    """

    def scalar(self, values: Tensor, active: Tensor) -> Tensor:
        """See :meth:`Scalarization.scalar`."""
        logs = torch.where(active, values, torch.ones_like(values)).log()
        return (logs.sum() / active.sum().clamp_min(1)).exp()
