"""Cost of a network: parameters, multiply-accumulates and speed."""

import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class Cost:
    """Measured cost of a network on one device.

    Attributes:
        params: number of parameters of the deployed network.
        macs: multiply-accumulates of one image (torch's FlopCounterMode / 2: convolutions, linear layers and matrix
            products; no norms, no interpolation).
        input_size: (height, width) of the measurement.
        images_per_second: throughput with batch size 1 in eval mode, median over repeats.
    """

    params: int
    macs: int
    input_size: tuple[int, int]
    images_per_second: float


def count_parameters(net: nn.Module) -> int:
    """Number of parameters."""
    return sum(p.numel() for p in net.parameters())


def count_macs(net: nn.Module, size: tuple[int, int]) -> int:
    """Multiply-accumulates of one (1, 3, H, W) image."""
    parameter = next(net.parameters())
    training = net.training
    net.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(torch.zeros(1, 3, *size, device=parameter.device, dtype=parameter.dtype))
    net.train(training)
    return counter.get_total_flops() // 2


def measure(net: nn.Module, size: tuple[int, int], seconds: float = 2.0, warmup: int = 2) -> Cost:
    """Measure one network at one input size.

    Args:
        net: a network for (1, 3, H, W) input.
        size: (height, width).
        seconds: duration of the timing.
        warmup: number of untimed runs before it.
    """
    device = next(net.parameters()).device
    cuda = device.type == 'cuda'
    macs = count_macs(net, size)
    training = net.training
    net.eval()
    image = torch.randn(1, 3, *size, device=device)
    times: list[float] = []
    with torch.no_grad():
        begun = time.perf_counter()
        while len(times) < warmup + 3 or time.perf_counter() - begun < seconds:
            start = time.perf_counter()
            net(image)
            if cuda:
                torch.cuda.synchronize(device)
            times.append(time.perf_counter() - start)
    net.train(training)
    median = sorted(times[warmup:])[len(times[warmup:]) // 2]
    return Cost(count_parameters(net), macs, size, 1 / median)
