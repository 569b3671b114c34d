"""Dynamic weight average: higher weights for tasks whose loss decreased less over the last epochs."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Balance, Seen


@BALANCES.register_module()
class DWA(Balance):
    """w_k = K · softmax(r_k / τ), with the ratio r_k = L_k(e-1) / L_k(e-2) of mean epoch losses; 1 in the first two epochs.

    An epoch without labels for a task does not change its means; steps without labels are not counted.

    Args:
        tau: τ, the temperature: 2 in MTAN, 1 in KD4MTL's script for SegNet.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Liu et al. 2019 (MTAN), equation 7; fact sheet 4.1.
    """

    hears = frozenset({'epoch'})
    sum: Tensor
    count: Tensor
    last: Tensor
    before_last: Tensor

    def __init__(self, tau: float = 2.0, include: str = 'tasks') -> None:
        super().__init__(include)
        if tau <= 0:
            raise ValueError(f'balance: DWA has tau={tau}; give a number above 0.')
        self.tau = tau

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`."""
        super().setup(weights, net, extra)
        for name in ('sum', 'count', 'last', 'before_last'):  # a mean of 0 means unknown
            self.register_buffer(name, torch.zeros(len(weights)))

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        if seen is None:
            return losses.sum()
        self.sum += seen.values
        self.count += seen.active
        known = (self.last > 0) & (self.before_last > 0)
        ratios = torch.where(known, self.last / torch.where(known, self.before_last, torch.ones_like(self.last)),
                             torch.ones_like(self.last))
        return (averaged_weights(ratios, self.tau) * seen.active * losses).sum()

    def end_epoch(self) -> None:
        """Store the mean losses of the epoch."""
        mean = self.sum / self.count.clamp_min(1)
        there = self.count > 0
        self.before_last.copy_(torch.where(there, self.last, self.before_last))
        self.last.copy_(torch.where(there, mean, self.last))
        self.sum.zero_()
        self.count.zero_()


def averaged_weights(ratios: Tensor, tau: float) -> Tensor:
    """Convert the loss ratios (K,) of the last two epochs into weights (K,) with sum K."""
    return len(ratios) * torch.softmax(ratios / tau, 0)
