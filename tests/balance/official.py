"""Several steps of a balance on three small losses, compared with those of official implementations (official.json)."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mtkd.balance import Balance

TASKS, ENTRIES, RATE = 3, 6, 0.05
NUMBERS: dict[str, Any] = json.loads((Path(__file__).parent / 'official.json').read_text())


class Toy(nn.Module):
    """Shared weights p in -1 ... 1, and one weight h = 1, .8, .6 per head; L_t = |h_t A_t p - b_t|² / 2 + .1."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.ParameterList([torch.linspace(-1, 1, ENTRIES)])
        self.heads = nn.ParameterList([torch.tensor([1.0 - 0.2 * t]) for t in range(TASKS)])

    def losses(self, part: int = 0) -> list[Tensor]:
        """A and b are cosines and sines, different for each mini-batch."""
        places = torch.arange(TASKS * 2 * ENTRIES, dtype=torch.float64).reshape(TASKS, 2, ENTRIES) + 7 * part
        maps = torch.cos(1.7 * places + 0.3).float()
        wanted = torch.sin(2.3 * torch.arange(TASKS * 2, dtype=torch.float64).reshape(TASKS, 2) + part).float()
        wanted = wanted * torch.tensor([[1.0], [2.0], [4.0]])
        return [(self.heads[t] * (maps[t] @ self.trunk[0]) - wanted[t]).square().sum() / 2 + 0.1 for t in range(TASKS)]


def toy(balance: Balance) -> Toy:
    """The network, with the balance set up for it."""
    net = Toy()
    balance.setup({f'task{t}': 1.0 for t in range(TASKS)}, net)
    balance.begin(seed=11)
    return net


def step(net: Toy, balance: Balance, again: bool = False) -> tuple[list[float], list[float]]:
    """One step of gradient descent; the gradients of the shared weights and of the heads."""
    net.zero_grad()
    parts = [net.losses(part) for part in range(balance.parts)] if balance.parts > 1 else []
    balance.zero_grad()
    balance.total(net.losses(), {}, True, parts).backward()
    gradients = net.trunk[0].grad.tolist(), [float(head.grad) for head in net.heads]
    with torch.no_grad():
        for p in (*net.parameters(), *balance.parameters()):
            p -= RATE * p.grad
        if again:
            balance.stepped(net.losses())
    return gradients


def follow(name: str, balance: Balance, epoch: int | None = None, tolerance: float = 1e-4) -> None:
    """Take the steps with the balance and compare them with those of the official implementation."""
    net = toy(balance)
    for number, expected in enumerate(NUMBERS[name]):
        shared, heads = step(net, balance, 'stepped' in balance.hears)
        assert shared == pytest.approx(expected['p'], rel=tolerance, abs=tolerance), number
        assert heads == pytest.approx(expected['h'], rel=tolerance, abs=tolerance), number
        if epoch and (number + 1) % epoch == 0:
            balance.end_epoch()


