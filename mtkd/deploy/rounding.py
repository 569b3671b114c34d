"""What may be rounding where a network is run in another way: by ONNX Runtime, by a compiled graph."""

import copy

import torch
from torch import nn

SLACK = 4  # times what the last bits of the weights do


def nudged(net: nn.Module, seed: int = 0) -> nn.Module:
    """A copy whose weights are each moved by their last bit, up, down or not at all.

    How far its outputs are from the network's is what no other order of sums can be held to: little, but in networks that
    multiply rounding (recursive ones, untrained ones with batch statistics of few places).
    """
    generator = torch.Generator().manual_seed(seed)
    moved = copy.deepcopy(net)
    with torch.no_grad():
        for weight in moved.parameters():
            step = torch.randint(-1, 2, weight.shape, generator=generator).to(weight.device)
            weight.mul_(1 + torch.finfo(weight.dtype).eps * step)
    return moved
