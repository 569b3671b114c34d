"""Balances that need gradients of independent mini-batches at the same weights."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from .balance import Seen
from .direction_balance import DirectionBalance
from .gramian import TaskGradients, gramian, wide


class DoubleSampling(DirectionBalance):
    """Computes weights from J_1 J_2', the gradients on two mini-batches, and the direction from a third one.

    The model splits each batch into three (every third sample), so that the product is an unbiased estimate of the Gramian.
    This takes 3 T backward passes. Heads are trained on the mean of their losses on the three mini-batches.

    Args:
        **place: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Attributes:
        outer: the mini-batch from which the direction is computed, 0 to 2.
    """

    parts = 3
    outer = 2
    weight: Tensor
    _split: Sequence[Sequence[Tensor]] = ()
    _product: Tensor | None = None

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('weight', torch.full((len(weights),), 1 / len(weights)))

    def extra_passes(self, num_tasks: int) -> int:
        """3 T passes instead of one."""
        return 3 * num_tasks - 1

    @property
    def cost(self) -> str:
        """Describe :meth:`extra_passes` in words."""
        return '3 T - 1 extra backward passes, each through a third of the batch'

    def total(self, losses: Sequence[Tensor], taps: Mapping[str, Tensor], alone: bool = False,
              parts: Sequence[Sequence[Tensor]] = ()) -> Tensor:
        """See :meth:`Balance.total`.

        Raises:
            ValueError: the losses of the mini-batches are missing.
        """
        if len(parts) != self.parts and any(loss.requires_grad for loss in losses):
            raise ValueError(f'balance: {type(self).__name__} needs the losses of {self.parts} mini-batches: call the '
                             f'balance with parts=[terms, terms, terms].')
        self._split = parts
        try:
            return super().total(losses, taps, alone, parts)
        finally:
            self._split = ()

    def _take(self, losses: Sequence[Tensor], taps: Mapping[str, Tensor], scale: float,
              alone: bool) -> tuple[TaskGradients, list[Tensor]]:
        """The gradients of the outer mini-batch, the product of the other two, and the heads' gradients of all three."""
        taken = [super(DoubleSampling, self)._take(part, taps, scale, False)[0] for part in self._split]
        third = taken[self.outer]
        first, second = (found for found in taken if found is not third)
        lifts = [found.lifts.to(wide(found.lifts.device)) for found in (first, second)]
        self._product = gramian(first.rows, second.rows) / lifts[0][:, None] / lifts[1]
        beyond = [[(leaf, gradient / self.parts) for found in taken for leaf, gradient in found.beyond[t]]
                  for t in range(len(losses))]
        return TaskGradients(third.at, third.rows, third.lifts, third.gram, beyond), []

    def direction(self, rows: Tensor, active: Tensor, seen: Seen, at: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See :meth:`DirectionBalance.direction`. The weights of absent tasks are kept, but not used."""
        product, self._product = self._product * active[:, None] * active, None
        moved = self.moved(product, torch.where(active, self.weight.to(product), torch.zeros_like(product[0])), active)
        moved = torch.where(active.any(), moved, torch.zeros_like(moved))
        self.weight.copy_(torch.where(active, moved.float(), self.weight))
        return self.used(moved, active).float() @ rows, torch.ones_like(self.weight)

    def moved(self, product: Tensor, weight: Tensor, active: Tensor) -> Tensor:
        """The new weights: nonnegative, and 0 for absent tasks.

        Args:
            product: (T, T), J_1 J_2'; 0 in rows and columns of absent tasks.
            weight: (T,), the last weights; 0 for absent tasks.
            active: (T,) bool.

        Returns:
            (T,).
        """
        raise TypeError(f'{type(self).__name__} does not implement moved')

    def used(self, weight: Tensor, active: Tensor) -> Tensor:
        """The factors (T,) of the gradients of the third mini-batch."""
        return weight


def to_simplex(values: Tensor, active: Tensor) -> Tensor:
    """Project (T,) values onto the simplex of the active tasks; inactive entries are 0.

    Source: Duchi et al. 2008, Efficient projections onto the l1-ball, figure 1.
    """
    ordered = values.masked_fill(~active, -torch.inf).sort(descending=True).values
    place = torch.arange(1, len(values) + 1, device=values.device)
    beyond = torch.where(ordered.isfinite(), ordered, torch.zeros_like(ordered)).cumsum(0) - 1
    count = (ordered * place > beyond).sum().clamp_min(1)
    level = beyond.gather(0, count[None] - 1) / count
    return torch.where(active, (values - level).clamp_min(0), torch.zeros_like(values))
