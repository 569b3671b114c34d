"""The cost of the Cauchy-Schwarz loss compared with plain KD, forward and backward, on logits of KDAM's size.

Usage: python benchmarks/cs_cost.py [--compile] [--device cuda] [--size 8 40 107 140] [--repeats 15] [--threads 1]

Both start from student and teacher logits and end with a gradient of the student's logits; the plain KL is PyTorch's
``kl_div`` of ``log_softmax``. Prints the median of interleaved runs and the ratio, CS / KL (target: at most 1.5).
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mtkd.distill.losses import CauchySchwarz
from mtkd.structures import global_ratio

TAU_KL = 3.0


def plain_kl(student: Tensor, teacher: Tensor) -> Tensor:
    """τ² KL(teacher || student), averaged over pixels."""
    log_student = F.log_softmax(student / TAU_KL, 1)
    elements = F.kl_div(log_student, F.softmax(teacher / TAU_KL, 1), reduction='none')
    return TAU_KL ** 2 * elements.sum(1).mean()


def cauchy_schwarz(student: Tensor, teacher: Tensor) -> Tensor:
    """L_inter + L_intra."""
    terms = CauchySchwarz()(F.softmax(student, 1), F.softmax(teacher, 1))
    return global_ratio(*terms['cs_inter']) + terms['cs_intra']


def step_seconds(loss: Callable[[Tensor, Tensor], Tensor], student: Tensor, teacher: Tensor) -> float:
    """The seconds of one forward and backward pass."""
    student = student.detach().requires_grad_()
    start = time.perf_counter()
    loss(student, teacher).backward()
    if student.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--compile', action='store_true')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--size', type=int, nargs=4, default=(8, 40, 107, 140), metavar=('B', 'C', 'h', 'w'))
    parser.add_argument('--repeats', type=int, default=15)
    parser.add_argument('--threads', type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    student, teacher = (torch.randn(tuple(args.size), device=args.device) for _ in range(2))
    losses = {'plain KL': plain_kl, 'Cauchy-Schwarz': cauchy_schwarz}
    if args.compile:
        losses = {name: torch.compile(loss) for name, loss in losses.items()}
    times: dict[str, list[float]] = {name: [] for name in losses}
    for repeat in range(args.repeats + 2):
        for name, loss in losses.items():
            seconds = step_seconds(loss, student, teacher)
            if repeat >= 2:
                times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    mode = 'compiled' if args.compile else 'eager'
    for name, seconds in medians.items():
        print(f'{name:<15} {1e3 * seconds:8.2f} ms  (median of {args.repeats}, {mode}, {args.device}, '
              f'{args.threads} threads, logits {tuple(args.size)})')
    print(f"ratio CS / KL   {medians['Cauchy-Schwarz'] / medians['plain KL']:8.2f}")


if __name__ == '__main__':
    main()
