"""The cost of distillation losses compared with the official implementations, forward and backward, in one process.

Usage: python benchmarks/loss_cost.py --official DIR [--repeats 7] [--threads 1] [--only sp rkd ...]

DIR contains checkouts of the repositories, made outside this tree: RepDistiller, TorchDistiller, CIRKD, mmrazor. A missing
one is skipped. Features are 64×512×7×7, logits and dense features 8×40×107×140. Prints processor time and peak memory (of
tensors, in addition to the inputs) of interleaved runs, and the ratio ours / theirs (target: at most 1.1). If the inputs of
both are smaller because the official code forms all pairs, the line states it.
"""

import argparse
import ast
import statistics
import time
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from mtkd.distill import losses
from mtkd.structures import global_ratio

FEATURES, MAPS = (64, 512, 7, 7), (8, 40, 107, 140)
SMALL, FEW = (4, 40, 36, 48), (8, 256, 7, 7)  # where the official code forms all pairs of pixels, of channels
Function = Callable[[Tensor, Tensor], Tensor]


def classes(path: Path, *names: str, **known: Any) -> list[Any]:
    """The classes and functions of a file, without its imports."""
    space = {'torch': torch, 'nn': nn, 'F': F, 'DISTILL_LOSSES': None, **known}
    for node in ast.parse(path.read_text()).body:
        if getattr(node, 'name', None) in names:
            node.decorator_list = []  # type: ignore[attr-defined]
            exec(compile(ast.Module([node], []), str(path), 'exec'), space)
    return [space[name] for name in names]


def ours(loss: Any, **asked: Any) -> Function:
    loss.setup([FEATURES[1]], [FEATURES[1]])

    def run(student: Tensor, teacher: Tensor) -> Tensor:
        terms = loss(student, teacher, **asked)
        return sum((global_ratio(*value) if isinstance(value, tuple) else value for value in terms.values()),
                   torch.zeros(()))
    return run


def cases(folder: Path) -> dict[str, tuple[tuple[int, ...], Function, Function]]:
    """Name -> size, ours, theirs; only for the repositories that are present."""
    found: dict[str, tuple[tuple[int, ...], Function, Function]] = {}
    zoo = folder / 'RepDistiller' / 'distiller_zoo'
    if zoo.is_dir():
        sp, rkd = classes(zoo / 'SP.py', 'Similarity')[0](), classes(zoo / 'RKD.py', 'RKDLoss')[0]()
        pkt, nst = classes(zoo / 'PKT.py', 'PKT')[0](), classes(zoo / 'NST.py', 'NSTLoss')[0]()
        ab = classes(zoo / 'AB.py', 'ABLoss')[0](1)
        found['sp'] = FEATURES, ours(losses.SimilarityPreserving()), lambda s, t: sp([s], [t])[0].sum()
        found['rkd'] = FEATURES, ours(losses.RKD(pool='mean')), lambda s, t: rkd(s.mean((2, 3)), t.mean((2, 3)))
        found['pkt'] = FEATURES, ours(losses.PKT()), lambda s, t: pkt(s.mean((2, 3)), t.mean((2, 3)))
        found['nst'] = FEW, ours(losses.NST()), lambda s, t: nst([s], [t])[0]
        found['ab'] = FEATURES, ours(losses.ActivationBoundary()), lambda s, t: ab([s], [t])[0]
    pkd = folder / 'mmrazor' / 'mmrazor' / 'models' / 'losses' / 'pkd_loss.py'
    if pkd.is_file():
        names = {'Tuple': typing.Tuple, 'Union': typing.Union}  # noqa: UP006  what the file's annotations name
        found['pkd'] = MAPS, ours(losses.PKD()), classes(pkd, 'PKDLoss', **names)[0]()
    criterion = folder / 'TorchDistiller' / 'SemSeg-distill' / 'utils' / 'criterion.py'
    if criterion.is_file():
        space: dict[str, Any] = {'torch': torch, 'nn': nn, 'F': F}
        for node in ast.parse(criterion.read_text()).body:
            if getattr(node, 'name', None) in ('ChannelNorm', 'CriterionCWD'):
                exec(compile(ast.Module([node], []), str(criterion), 'exec'), space)
        found['cwd'] = MAPS, ours(losses.ChannelWise()), space['CriterionCWD']('channel', 'kl', 4.0)
    cirkd = folder / 'CIRKD' / 'losses'
    if cirkd.is_dir():
        target = (torch.arange(MAPS[3]) // 10).expand(MAPS[0], *MAPS[2:])
        ifvd = classes(cirkd / 'ifvd.py', 'CriterionIFV')[0](14)
        pairs = classes(cirkd / 'cirkd_mini_batch.py', 'CriterionMiniBatchCrossImagePair')[0](0.1)
        torch.Tensor.cuda = lambda self, *_: self  # type: ignore[method-assign,assignment]
        found['ifvd'] = MAPS, ours(losses.IFVD(), target=target), lambda s, t: ifvd(s, t, target.float())
        found['cross_image'] = SMALL, ours(losses.CrossImage()), pairs
    return found


def seconds(function: Function, student: Tensor, teacher: Tensor) -> float:
    """The processor seconds of one forward and backward pass."""
    student = student.detach().requires_grad_()
    start = time.process_time()
    function(student, teacher).backward()
    return time.process_time() - start


def peak(function: Function, student: Tensor, teacher: Tensor) -> float:
    """The peak bytes allocated by one forward and backward pass, above what was allocated before."""
    student = student.detach().requires_grad_()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        function(student, teacher).backward()
    held = most = 0
    for event in record.profiler.kineto_results.events():  # type: ignore[union-attr]
        if event.name() == '[memory]':
            held += event.nbytes()
            most = max(most, held)
    return most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--official', type=Path, required=True)
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--only', nargs='*')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f'PyTorch {torch.__version__}, {args.threads} thread(s), median of {args.repeats} interleaved runs')
    for name, (size, own, official) in cases(args.official).items():
        if args.only and name not in args.only:
            continue
        torch.manual_seed(0)
        student, teacher = torch.randn(size), torch.randn(size)
        both = (own, official)
        times: list[list[float]] = [[], []]
        for number in range(args.repeats + 1):
            for side in ((0, 1), (1, 0))[number % 2]:  # the second of the two finds a warm cache
                times[side].append(seconds(both[side], student, teacher))
        mine, theirs = (statistics.median(side[1:]) for side in times)
        memory = [peak(function, student, teacher) / 2 ** 20 for function in both]
        note = ' (smaller: the official code forms all pairs)' if size in (SMALL, FEW) else ''
        print(f'{name:12} {"×".join(map(str, size)):15} ours {1e3 * mine:8.1f} ms {memory[0]:7.1f} MB, official '
              f'{1e3 * theirs:8.1f} ms {memory[1]:7.1f} MB: time {mine / theirs:.2f}, memory '
              f'{memory[0] / max(memory[1], 1e-9):.2f}{note}')


if __name__ == '__main__':
    main()
