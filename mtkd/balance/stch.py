"""STCH: a smooth maximum of the losses."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Seen
from .scalarization import Directed

LEAST = 1e-20  # added to a loss before the logarithm


@BALANCES.register_module()
class STCH(Directed):
    """μ log Σ exp(y_t / μ), which is near the largest y_t.

    ``warmup_epochs=N``, as in the authors' code: the total is Σ log L_t for the first N epochs and one more, whose mean
    losses define the nadir; afterwards y_t = log(L_t / nadir_t), and the total is T times the above. ``warmup_epochs=None``:
    y_t = r_t (L_t - z_t), the paper's equation, with r the preference (1 / T by default) and z the reference.

    Args:
        mu: μ.
        warmup_epochs: as above.
        preference: r, only for ``warmup_epochs=None``; see :class:`~mtkd.balance.scalarization.Directed`.
        reference: z, likewise.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Lin et al. 2024, Smooth Tchebycheff scalarization, equation 13 and appendix B.1; LibMTL at 4336804,
    weighting/STCH.py; tested against TorchJD's STCH as well.
    """

    sum: Tensor
    seen_steps: Tensor
    epochs: Tensor

    def __init__(self, mu: float = 1.0, warmup_epochs: int | None = 4, preference: Sequence[float] | None = None,
                 reference: Sequence[float] | None = None, include: str = 'tasks') -> None:
        super().__init__(preference, reference, include)
        if mu <= 0 or (warmup_epochs is not None and warmup_epochs < 0):
            raise ValueError(f'balance: STCH has mu={mu} and warmup_epochs={warmup_epochs}; give mu > 0 and '
                             f'warmup_epochs >= 0 or None.')
        if warmup_epochs is not None and (preference is not None or reference is not None):
            raise ValueError('balance: STCH takes a preference and a reference only with warmup_epochs=None.')
        self.mu, self.warmup_epochs = mu, warmup_epochs
        self.hears = frozenset() if warmup_epochs is None else frozenset({'epoch'})
        self.keep_count('epochs')

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('sum', torch.zeros(len(weights)))
        self.register_buffer('seen_steps', torch.zeros(len(weights)))

    def end_epoch(self) -> None:
        """Advance the warm-up by one epoch."""
        self.advance('epochs')

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        if seen is not None and self.counted('epochs') == self.warmup_epochs:
            self.sum += seen.values
            self.seen_steps += seen.active
        return super().combine(losses, seen)

    def scalar(self, values: Tensor, active: Tensor) -> Tensor:
        """See :meth:`Scalarization.scalar`."""
        there = torch.where(active, values, torch.ones_like(values))
        count = active.sum()
        if self.warmup_epochs is None:
            share = self.ray * active
            share = share / count.clamp_min(1) if self.preference is None else share
            return self._largest(share * (values - self.best), active)
        if self.counted('epochs') <= self.warmup_epochs:
            return (torch.log(there + LEAST) * active).sum()
        known = self.seen_steps > 0
        nadir = torch.where(known, self.sum / self.seen_steps.clamp_min(1), torch.ones_like(self.sum))
        return self._largest(torch.log(there / nadir + LEAST), active) * count

    def _largest(self, heights: Tensor, active: Tensor) -> Tensor:
        return self.mu * torch.logsumexp((heights / self.mu).masked_fill(~active, -torch.inf), 0)
