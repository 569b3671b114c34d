"""GradVac: gradients turned until they are as similar as they usually are."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class GradVac(GradientBalance):
    """As PCGrad, but a gradient is turned towards another until their cosine reaches its moving average.

    Args:
        beta: how much of each step's cosine enters the average.
        **place: level, tap, heads, seed, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Wang et al. 2021, algorithm 1; TorchJD. The averages are kept here, so that checkpoints hold them and absent
    tasks keep theirs.
    """

    hears = frozenset({'seed'})
    step: Tensor
    cosines: Tensor

    def __init__(self, beta: float = 0.5, **place: Any) -> None:
        super().__init__(**place)
        self.beta = beta
        self.register_buffer('step', torch.zeros((), dtype=torch.int64))

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('cosines', torch.zeros(len(weights), len(weights)))

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import GradVacWeighting
        weighting = GradVacWeighting(beta=self.beta)
        cosines = self.cosines.cpu()
        weighting._phi_t = cosines[tasks][:, tasks].clone()
        weighting._state_key = (len(tasks), gram.dtype)
        with self.drawing(self.step):
            weights = weighting(gram)
        cosines[tasks[:, None], tasks] = weighting._phi_t
        self.cosines.copy_(cosines)
        self.step += 1
        return weights
