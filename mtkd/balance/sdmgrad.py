"""SDMGrad: a direction near the mean gradient that improves the worst task."""

from typing import Any

import torch
from torch import Tensor

from ..registry import BALANCES
from .double_sampling import DoubleSampling, to_simplex


@BALANCES.register_module()
class SDMGrad(DoubleSampling):
    """Σ (w_t + λ / T) g_t / (1 + λ), with w on the simplex minimising w' J_1 J_2' (w / 2 + λ / T) by projected steps.

    Args:
        trade: λ: 0 gives MGDA with double sampling, a large value approaches the mean.
        iterations: the number of steps of w, with momentum, starting from its last value.
        lr: the learning rate of w; the product is first divided by the squared mean norm of the gradients.
        momentum: the momentum of w.
        **place: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Source: Xiao et al. 2023, Direction-oriented multi-objective learning, algorithm 1; OptMN-Lab/sdmgrad at 8333f9e and
    LibMTL at 4336804, weighting/SDMGrad.py, which sums the heads' gradients of the three mini-batches, whereas their mean is
    used here.
    """

    outer = 0

    def __init__(self, trade: float = 0.3, iterations: int = 20, lr: float = 5.0, momentum: float = 0.5,
                 **place: Any) -> None:
        super().__init__(**place)
        if trade < 0 or iterations < 1 or lr <= 0 or not 0 <= momentum < 1:
            raise ValueError(f'balance: SDMGrad has trade={trade}, iterations={iterations}, lr={lr} and '
                             f'momentum={momentum}; give trade >= 0, iterations >= 1, lr > 0 and 0 <= momentum < 1.')
        self.trade, self.iterations, self.lr, self.momentum = trade, iterations, lr, momentum

    def moved(self, product: Tensor, weight: Tensor, active: Tensor) -> Tensor:
        """See :meth:`DoubleSampling.moved`."""
        scale = product.diagonal().clamp_min(0).sqrt().sum() / active.sum().clamp_min(1)
        product = product / torch.where(scale > 0, scale, torch.ones_like(scale)) ** 2
        weight = weight / torch.where(active.any(), weight.sum(), torch.ones_like(scale))
        pull, speed = self.trade * (product @ self._even(active)), torch.zeros_like(weight)
        for _ in range(self.iterations):
            speed = self.momentum * speed + product @ weight + pull
            weight = to_simplex(weight - self.lr * speed, active)
        return weight

    def used(self, weight: Tensor, active: Tensor) -> Tensor:
        """See :meth:`DoubleSampling.used`."""
        return (weight + self.trade * self._even(active)) / (1 + self.trade)

    def _even(self, active: Tensor) -> Tensor:
        return active.double() / active.sum().clamp_min(1)
