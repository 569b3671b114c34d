"""GradDrop: one sign for each entry of the gradient, drawn."""

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
    """At each entry, the tasks' gradients of one sign count; which one is drawn with P = (1 + Σ g / Σ |g|) / 2 for positive.

    At a tap, signs are those of the gradient times the activation, added up over the batch, and one draw serves all samples.

    Args:
        leak: what part of the others' gradient passes, 0 to 1.
        level: ``'tap'``, the paper's, or ``'params'``, where entries are weights.
        tap, seed, include: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Source: Chen et al. 2020, Just pick a sign, algorithm 1; LibMTL at 4336804, weighting/GradDrop.py (at a tap alone).
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
        """See :meth:`DirectionBalance.direction`. A gradient of 0 has no say."""
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
        """Numbers in [0, 1) that depend on seed and step alone."""
        rng = generator(self._run_seed if self.seed is None else self.seed, self.next_step(), like.device)
        return torch.rand(like.shape, generator=rng, device=like.device)
