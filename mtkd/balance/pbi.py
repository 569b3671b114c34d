"""PBI: penalty-based boundary intersection."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..registry import BALANCES
from .scalarization import Directed

LEAST = 1e-12  # added under the root, as in TorchJD, for a finite gradient on the ray


@BALANCES.register_module()
class PBI(Directed):
    """d_1 + θ d_2: the length of L - z along the preference plus θ times its distance from that ray.

    Args:
        theta: θ.
        preference: the ray; see :class:`~mtkd.balance.scalarization.Directed`.
        reference: z.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Zhang & Li 2007, MOEA/D, section III.A; tested against TorchJD's PBI.
    """

    def __init__(self, theta: float = 5.0, preference: Sequence[float] | None = None,
                 reference: Sequence[float] | None = None, include: str = 'tasks') -> None:
        super().__init__(preference, reference, include)
        if theta < 0:
            raise ValueError(f'balance: PBI has theta={theta}; give 0 or more.')
        self.theta = theta

    def scalar(self, values: Tensor, active: Tensor) -> Tensor:
        """See :meth:`Scalarization.scalar`."""
        ray = torch.nn.functional.normalize(self.ray * active, dim=0)
        beyond = torch.where(active, values - self.best, torch.zeros_like(values))
        along = (beyond * ray).sum()
        return along + self.theta * ((beyond - along * ray).square().sum() + LEAST).sqrt()
