"""Random loss weights, a baseline for every other balance."""

import torch
from torch import Tensor

from ..registry import BALANCES
from .balance import Balance, Seen


@BALANCES.register_module()
class Random(Balance):
    """Samples new weights at each step: the softmax of T standard normal numbers. They sum to 1.

    Args:
        seed: the seed for sampling; None: the seed of the run.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Lin et al. 2022, Reasonable effectiveness of random weighting (RLW), algorithm 2.
    """

    hears = frozenset({'seed'})

    def __init__(self, seed: int | None = None, include: str = 'tasks') -> None:
        super().__init__(include)
        self.seed = seed
        self._run_seed = 0
        self.count_steps()

    def begin(self, seed: int = 0) -> None:
        """See :meth:`Balance.begin`."""
        super().begin(seed)
        self._run_seed = seed

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> (). Absent tasks are excluded from the softmax."""
        seed = self._run_seed if self.seed is None else self.seed
        drawn = normal(len(losses), seed, self.next_step(), losses.device)
        if seen is not None:
            drawn = torch.where(seen.active, drawn, torch.full_like(drawn, -1e9))
            return (torch.softmax(drawn, 0) * seen.active * losses).sum()
        return (torch.softmax(drawn, 0) * losses).sum()


def normal(count: int, seed: int, step: int, device: torch.device) -> Tensor:
    """Standard normal numbers (count,), sampled on the device; they depend only on seed, step and device type."""
    return torch.randn(count, generator=generator(seed, step, device), device=device)


def generator(seed: int, step: int, device: torch.device) -> torch.Generator:
    """A random generator on a device that depends only on seed and step."""
    rng = torch.Generator(device)
    rng.manual_seed((seed * 1_000_003 + step) % 2 ** 63)
    return rng
