"""The plain weighted sum of task losses."""

from torch import Tensor

from ..registry import BALANCES
from .balance import Balance, Seen


@BALANCES.register_module()
class WeightedSum(Balance):
    """α · Σ_n λ_n L_n: uniform weighting, and the multi-task loss of KDAM's equations 8 and 9.

    Args:
        alpha: α, the weight of the task losses relative to the distillation terms.
        include: see :class:`~mtkd.balance.balance.Balance`.
    """

    min_tasks = 1
    reads_values = False

    def __init__(self, alpha: float = 1.0, include: str = 'tasks') -> None:
        super().__init__(include)
        self.alpha = alpha

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        return self.alpha * losses.sum()
