"""PCD: one task first, the others served with a guaranteed share."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class PCD(GradientBalance):
    """The direction nearest to the first task's gradient that gives every other task a part of its own progress.

    In a step without the first task the others have weight 1.

    Args:
        tau: that part, 0 to 1.
        beta: of the moving average of squared norms that makes gradients comparable.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Priority-constrained descent, arXiv:2606.29521; TorchJD. The averages are kept here, so that checkpoints hold
    them; an absent task's rests, but their common count of steps goes on.
    """

    squares: Tensor
    count: Tensor

    def __init__(self, tau: float = 0.02, beta: float = 0.999, **place: Any) -> None:
        super().__init__(**place)
        if not 0 <= tau <= 1 or not 0 <= beta < 1:
            raise ValueError(f'balance: PCD has tau={tau} and beta={beta}; give 0 <= tau <= 1 and 0 <= beta < 1.')
        self.tau, self.beta = tau, beta
        self.register_buffer('count', torch.zeros((), dtype=torch.int64))

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('squares', torch.zeros(len(weights), dtype=torch.float64))

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import PCDWeighting
        if tasks[0] != 0:
            return torch.ones(len(tasks))
        weighting = PCDWeighting(self.tau, self.beta)
        squares = self.squares.cpu()
        weighting._sq_norm_ema, weighting._n_steps = squares[tasks].clone(), self.count.cpu()
        weighting._state_key = len(tasks)
        weights = weighting(gram)
        squares[tasks] = weighting._sq_norm_ema
        self.squares.copy_(squares)
        self.count += 1
        return weights
