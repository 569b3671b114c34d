"""The geometric mean of the tasks' losses."""

from mtkd.balance import Balance
from mtkd.balance.balance import Seen
from mtkd.registry import BALANCES
from torch import Tensor


@BALANCES.register_module()
class GeometricMean(Balance):
    """(Π_t L_t)^(1/T): halving any task's loss has the same effect, whatever its scale.

    A task without labels in the batch is skipped. All losses must be positive.

    Source: Chennupati et al. 2019, MultiNet++ (geometric loss strategy).
    """

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        if seen is None:
            return losses.log().mean().exp()
        log = losses.masked_fill(~seen.active, 1.0).log()  # an absent task is a factor of 1 …
        return (log.sum() / seen.active.sum().clamp_min(1)).exp() * seen.active.any()  # … and is not counted
