"""Estimates rounding errors, to compare a network with its exported or compiled form."""

import copy

import torch
from torch import nn

SLACK = 4  # tolerance, as a multiple of the effect of changing the last bits of the weights


def nudged(net: nn.Module, seed: int = 0) -> nn.Module:
    """A copy of a network in which the last bit of each weight is randomly increased, decreased or kept.

    The change of its outputs estimates the rounding errors of another order of summation. It is small, except in networks
    that amplify rounding errors (recursive networks, or untrained ones with batch statistics over few positions).

    Args:
        net: the network; it is not modified.
        seed: seed of the changes.
    """
    generator = torch.Generator().manual_seed(seed)
    moved = copy.deepcopy(net)
    with torch.no_grad():
        for weight in moved.parameters():
            step = torch.randint(-1, 2, weight.shape, generator=generator).to(weight.device)
            weight.mul_(1 + torch.finfo(weight.dtype).eps * step)
    return moved
