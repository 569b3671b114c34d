"""The cost of gradient balances: step time relative to a plain sum and to a hand-written loop of T backward passes.

A convolutional trunk with T small heads (dense multi-task learning: the trunk dominates). The variants alternate on the same
batches, so that other load on the machine affects all of them equally; medians are printed. Targets: at tap level <= 1.5 x
the uniform step with 8 tasks; at parameter level no slower than the hand-written loop, which computes each task's gradients
of all parameters in a separate backward pass, flattens them, computes the Gramian, and writes the combination to ``.grad``.

    python benchmarks/balance_cost.py
    python benchmarks/balance_cost.py --quick
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from mtkd.balance import MGDA, Balance, GradNorm, PCGrad, WeightedSum
from mtkd.balance.angles import min_norm

Step = Callable[[Tensor, Tensor], None]


class Net(nn.Module):
    """Six 3x3 convolutions, the first two with stride 2; per task a narrow 3x3 convolution and a 1x1."""

    def __init__(self, num_tasks: int, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i in range(6):
            layers += [nn.Conv2d(3 if i == 0 else width, width, 3, 2 if i < 2 else 1, 1), nn.ReLU()]
        self.trunk = nn.Sequential(*layers)
        self.heads = nn.ModuleList(nn.Sequential(nn.Conv2d(width, 16, 3, 1, 1), nn.ReLU(), nn.Conv2d(16, 4, 1))
                                   for _ in range(num_tasks))
        self.tap_specs = {'shared': None}

    def losses(self, image: Tensor, target: Tensor) -> tuple[list[Tensor], Tensor]:
        shared = self.trunk(image)
        return [(head(shared) - target[t]).square().mean() for t, head in enumerate(self.heads)], shared


def balanced(balance: Balance, num_tasks: int, width: int) -> Step:
    """A training step with one of mtkd's balances."""
    torch.manual_seed(0)
    net = Net(num_tasks, width)
    names = [f't{i}' for i in range(num_tasks)]
    balance.setup(dict.fromkeys(names, 1.0), net)
    optimizer = torch.optim.SGD([*net.parameters(), *balance.parameters()], lr=1e-3)

    def step(image: Tensor, target: Tensor) -> None:
        losses, shared = net.losses(image, target)
        total = balance({f'{n}/mse': loss for n, loss in zip(names, losses, strict=True)}, {}, {}, {'shared': shared})
        optimizer.zero_grad()
        total.backward()
        optimizer.step()

    return step


def by_hand(num_tasks: int, width: int) -> Step:
    """T backward passes, one Gramian, MGDA's weights for the trunk, plain gradients for the heads."""
    torch.manual_seed(0)
    net = Net(num_tasks, width)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    shared = list(net.trunk.parameters())

    def step(image: Tensor, target: Tensor) -> None:
        losses, _ = net.losses(image, target)
        rows = []
        optimizer.zero_grad()
        for t, loss in enumerate(losses):
            own = list(net.heads[t].parameters())
            found = torch.autograd.grad(loss, [*shared, *own], retain_graph=t < num_tasks - 1)
            rows.append(torch.cat([gradient.flatten() for gradient in found[:len(shared)]]))
            for p, gradient in zip(own, found[len(shared):], strict=True):
                p.grad = gradient
        matrix = torch.stack(rows)
        weights = torch.from_numpy(min_norm((matrix @ matrix.T).double().numpy())).float()
        start, flat = 0, weights @ matrix
        for p in shared:
            p.grad = flat[start:start + p.numel()].view_as(p)
            start += p.numel()
        optimizer.step()

    return step


def measure(steps: dict[str, Step], num_tasks: int, batch: int, size: int, repeats: int,
            clock: Callable[[], float]) -> dict[str, float]:
    """The median seconds of each step; the steps alternate."""
    rng = torch.Generator().manual_seed(0)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for repeat in range(repeats + 2):
        image = torch.randn(batch, 3, size, size, generator=rng)
        target = torch.randn(num_tasks, batch, 4, size // 4, size // 4, generator=rng)
        for name, step in steps.items():
            start = clock()
            step(image, target)
            if repeat >= 2:
                times[name].append(clock() - start)
    return {name: statistics.median(taken) for name, taken in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--tasks', type=int, nargs='+', default=(2, 3, 5, 8))
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument('--size', type=int, default=128)
    parser.add_argument('--width', type=int, default=64)
    parser.add_argument('--repeats', type=int, default=15)
    parser.add_argument('--clock', choices=('wall', 'cpu'), default='wall',
                        help='cpu: the process\'s own seconds, for a machine that others work on (use one thread)')
    parser.add_argument('--quick', action='store_true', help='small and short, to see that it runs')
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.size, arguments.width, arguments.repeats = 64, 32, 5
    clock = time.perf_counter if arguments.clock == 'wall' else time.process_time
    print(f'batch {arguments.batch}, {arguments.size}x{arguments.size}, trunk width {arguments.width}, medians of '
          f'{arguments.repeats} steps, {arguments.clock} clock, {torch.get_num_threads()} thread(s)')
    print('  T   uniform s |  at the tap / uniform         | by hand /  |  at the parameters / by hand')
    print('                |  MGDA   PCGrad  GradNorm      | uniform    |  MGDA   PCGrad  GradNorm')
    methods: dict[str, Callable[[str], Balance]] = {
        'MGDA': lambda level: MGDA(level=level, heads='plain'), 'PCGrad': lambda level: PCGrad(level=level, seed=0),
        'GradNorm': lambda level: GradNorm(level=level)}
    for num_tasks in arguments.tasks:
        steps = {'uniform': balanced(WeightedSum(), num_tasks, arguments.width),
                 'by hand': by_hand(num_tasks, arguments.width)}
        steps |= {f'{name} {level}': balanced(make(level), num_tasks, arguments.width)
                  for name, make in methods.items() for level in ('tap', 'params')}
        found = measure(steps, num_tasks, arguments.batch, arguments.size, arguments.repeats, clock)
        tap = '   '.join(f"{found[f'{name} tap'] / found['uniform']:5.2f}" for name in methods)
        params = '   '.join(f"{found[f'{name} params'] / found['by hand']:5.2f}" for name in methods)
        print(f"  {num_tasks}   {found['uniform']:8.4f}  |  {tap}         |  {found['by hand'] / found['uniform']:5.2f}"
              f'     |  {params}', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
