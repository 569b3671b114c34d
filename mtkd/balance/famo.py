"""FAMO: decreases all losses at an equal rate without computing the tasks' gradients."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Seen
from .scalarization import Scalarization

LEAST = 1e-8  # added to a loss
BETAS = (0.9, 0.999)


@BALANCES.register_module()
class FAMO(Scalarization):
    """Σ z_t log D_t / Σ (z_t / D_t), z = softmax(w) and D_t = L_t - least loss; w follows how much each log D_t has fallen.

    After each step, w is updated by Adam with the gradient of z' δ, where δ_t = log D_t before - log D_t after. With
    ``look='again'``, as in the authors' code, the losses after the step are computed on the same batch; this takes one more
    forward pass without gradients per step, which also updates batch statistics. With ``look='next'``, they are the losses
    of the next batch, at no cost; the change of a task is then measured from its previous batch.

    Args:
        lr: the learning rate of w.
        weight_decay: γ, the weight decay of w.
        min_losses: T assumed lower bounds of the losses; None: 0 each.
        look: as above.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Liu et al. 2023, FAMO: fast adaptive multitask optimization, algorithm 1; Cranial-XIX/FAMO at 0a6ad06, famo.py
    (its gradient clipping is ``optim_wrapper.clip_grad`` here, and its γ is .01; LibMTL uses .001).
    """

    logits: Tensor
    first: Tensor
    second: Tensor
    moves: Tensor
    before: Tensor
    least: Tensor

    def __init__(self, lr: float = 0.025, weight_decay: float = 1e-3, min_losses: Sequence[float] | None = None,
                 look: str = 'again', include: str = 'tasks') -> None:
        super().__init__(include)
        if look not in ('again', 'next'):
            raise ValueError(f"balance: FAMO has no look='{look}'; choose 'again' or 'next'.")
        if lr < 0 or weight_decay < 0:
            raise ValueError(f'balance: FAMO has lr={lr} and weight_decay={weight_decay}; give 0 or more.')
        self.lr, self.weight_decay, self.min_losses, self.look = lr, weight_decay, min_losses, look
        self.hears = frozenset({'stepped'} if look == 'again' else ())

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`.

        Raises:
            ValueError: the number of lower bounds differs from the number of tasks.
        """
        super().setup(weights, net, extra)
        if self.min_losses is not None and len(self.min_losses) != len(weights):
            raise ValueError(f"balance: FAMO's min_losses must hold {len(weights)} numbers, one for each of "
                             f"{', '.join(weights)}; it is {list(self.min_losses)}.")
        zeros = torch.zeros(len(weights))
        least = [0.0] * len(weights) if self.min_losses is None else list(self.min_losses)
        self.register_buffer('least', torch.tensor(least, dtype=torch.float32), persistent=False)
        for name in ('logits', 'first', 'second', 'moves', 'before'):  # a previous loss of 0 means none
            self.register_buffer(name, zeros.clone())

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        if seen is not None:
            if self.look == 'next':
                self._move(seen)
            self.before.copy_(torch.where(seen.active, seen.values, self.before))
        return super().combine(losses, seen)

    def scalar(self, values: Tensor, active: Tensor) -> Tensor:
        """See :meth:`Scalarization.scalar`."""
        shares = self._shares(active)
        distance = torch.where(active, values - self.least + LEAST, torch.ones_like(values))
        return (shares * distance.log()).sum() / (shares / distance).sum().detach().clamp_min(LEAST)

    def stepped(self, losses: Sequence[Tensor]) -> None:
        """With ``look='again'``: update w from the change of the losses."""
        if self.look == 'again':
            self._move(self.see(losses))
            self.before.zero_()

    def _shares(self, active: Tensor) -> Tensor:
        shares = torch.softmax(self.logits.masked_fill(~active, -torch.inf), 0)
        return torch.where(active, shares, torch.zeros_like(shares))

    def _move(self, after: Seen) -> None:
        """Take a step of Adam; tasks without a loss before or after are unchanged."""
        active = (self.before != 0) & after.active
        fallen = (self.before - self.least + LEAST).log() - (after.values - self.least + LEAST).log()
        fallen = torch.where(active, fallen, torch.zeros_like(fallen))
        shares = self._shares(active)
        slope = shares * (fallen - (shares * fallen).sum()) + self.weight_decay * self.logits
        self.moves += active
        self.first.copy_(torch.where(active, torch.lerp(slope, self.first, BETAS[0]), self.first))
        self.second.copy_(torch.where(active, torch.lerp(slope.square(), self.second, BETAS[1]), self.second))
        moves = self.moves.clamp_min(1)
        mean, square = self.first / (1 - BETAS[0] ** moves), self.second / (1 - BETAS[1] ** moves)
        self.logits -= torch.where(active, self.lr * mean / (square.sqrt() + LEAST), torch.zeros_like(mean))
