"""GradDrop: samples one sign for each entry of the gradient."""

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from ..registry import BALANCES
from ..structures import world_size
from .balance import Seen
from .direction_balance import DirectionBalance
from .random_weights import generator


@BALANCES.register_module()
class GradDrop(DirectionBalance):
    """Keeps, at each entry, only gradients of one sign, sampled with P(positive) = (1 + Σ g / Σ |g|) / 2.

    At a tap, signs are those of gradient times activation, summed over the batch; all samples share one sampled sign.

    Args:
        leak: the fraction of the dropped gradients that is kept, 0 to 1.
        level: ``'tap'``, as in the paper, or ``'params'``, where the entries are weights.
        tap, seed, include: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Source: Chen et al. 2020, Just pick a sign, algorithm 1; LibMTL at 4336804, weighting/GradDrop.py (at a tap only).
    """

    hears = frozenset({'seed'})
    levels = ('tap', 'params')

    def __init__(self, leak: float = 0.0, level: str = 'tap', tap: str = 'shared', seed: int | None = None,
                 include: str = 'tasks') -> None:
        super().__init__(level, tap, seed, include)
        if not 0 <= leak <= 1:
            raise ValueError(f'balance: GradDrop has leak={leak}; give 0 to 1.')
        self.leak = leak
        self.count_steps()

    def direction(self, rows: Tensor, active: Tensor, seen: Seen, at: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See :meth:`DirectionBalance.direction`. A gradient of 0 has no influence."""
        signed = rows
        if self.level == 'tap':
            samples = len(at[0])
            signed = (rows * at[0].detach().flatten().sign()).view(len(rows), samples, -1).sum(1)
            if world_size() > 1:
                dist.all_reduce(signed)
        whole = signed.abs().sum(0)
        purity = (1 + torch.where(whole != 0, signed.sum(0) / whole, torch.zeros_like(whole))) / 2
        drawn = self.uniform(purity)
        kept = ((purity > drawn) & (signed > 0)) | ((purity < drawn) & (signed < 0))
        factors = self.leak + (1 - self.leak) * kept
        if self.level == 'tap':
            rows = rows.view(len(rows), samples, -1) * factors[:, None]
        else:
            rows = rows * factors
        return rows.flatten(1).sum(0), torch.ones(len(rows), device=rows.device)

    def uniform(self, like: Tensor) -> Tensor:
        """Random numbers in [0, 1) that depend only on seed and step."""
        rng = generator(self._run_seed if self.seed is None else self.seed, self.next_step(), like.device)
        return torch.rand(like.shape, generator=rng, device=like.device)
