"""The memory cost of frozen teachers beyond their forward passes: no graph, no gradients, and no memory kept after a
forward.

    python benchmarks/teacher_memory.py
    python benchmarks/teacher_memory.py --width 1 --size 288 384 --device cuda

A SegNet student learns from one single-task SegNet teacher per task at KD4MTL's two levels. Four ways to run a step's
forward and backward, each in a separate process:

    student alone            no distillation
    links, taps given        the links and their adaptors on precomputed teacher taps: the cost of distillation without
                             that of the teachers
    frozen teachers          mtkd's implementation: the same, with the teachers running
    teachers with a graph    a naive implementation: the teachers are ordinary networks and the loss does not detach them

Reported for each: the bytes that autograd saves for the backward (counted by saved-tensor hooks, each storage once, without
parameters), the bytes of gradients, the peak of a step above the memory before it (CUDA: from the allocator; CPU: the
resident size, with malloc set to return freed memory), and the median time of a step.
"""

import argparse
import ctypes
import multiprocessing
import statistics
import time
import warnings
from collections.abc import Collection
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mtkd.distill import MultiTaskTeacher, NormalisedL2
from mtkd.distill.losses.distill_loss import Terms, rows
from mtkd.models import MultiTaskModel, Taps

TASKS = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 13}, 'depth': {'type': 'Depth'},
         'normals': {'type': 'Normals'}, 'parts': {'type': 'SemanticSegmentation', 'num_classes': 7}}
WAYS = ('student alone', 'links, taps given', 'frozen teachers', 'teachers with a graph')
M_MMAP_THRESHOLD = -3  # of mallopt(3)


class GraphTeacher(MultiTaskTeacher):
    """A teacher that is not frozen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.net.requires_grad_(True)

    def forward(self, image: Tensor, taps: Collection[str] | None = None) -> Taps:
        outputs = self.net(self._normalise(image))
        return {tap: outputs[tap] for tap in taps or outputs}


class UndetachedL2(NormalisedL2):
    """The L2 loss with gradients for both student and teacher."""

    def forward(self, student: Tensor, teacher: Tensor, mask: Tensor | None = None) -> Terms:
        return self.compare(rows(student), rows(teacher), None)


def build(way: str, arguments: argparse.Namespace) -> MultiTaskModel:
    """Build a model, with or without a distiller."""
    tasks = {name: TASKS[name] for name in list(TASKS)[:arguments.teachers]}
    net = {'backbone': {'type': 'SegNet', 'width': arguments.width}, 'neck': {'type': 'OneScaleNeck'},
           'head': {'type': 'ConvPairHead'}}
    naive = way == 'teachers with a graph'
    distiller = None
    if way != 'student alone':
        kind = GraphTeacher if naive else MultiTaskTeacher
        distiller = {
            'teachers': {name: kind(net, {name: cfg}, allow_random=True) for name, cfg in tasks.items()},
            'links': {'each_task': [
                {'name': name, 'loss': UndetachedL2() if naive else NormalisedL2(), 'student': tap,
                 'teacher': '{task}:' + tap, 'projector': {'type': 'Linear1x1'}}
                for name, tap in (('mid', 'trunk.0'), ('last', 'shared'))]}}
    return MultiTaskModel(net, tasks, distiller=distiller).to(arguments.device)


def make_batch(model: MultiTaskModel, way: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Random images and labels, and the teachers' taps where they are supplied."""
    rng = torch.Generator().manual_seed(0)
    count, height, width = arguments.batch, *arguments.size
    classes = torch.randint(0, 7, (count, height, width), generator=rng).byte()
    normals = torch.nn.functional.normalize(torch.randn(count, 3, height, width, generator=rng), dim=1)
    targets = {'semseg': classes, 'parts': classes, 'normals': normals, 'depth': normals[:, :1].abs() + 1}
    batch = {'image': torch.randint(0, 256, (count, 3, height, width), generator=rng).byte(),
             'targets': {name: targets[name] for name in model.tasks},
             'present': {name: torch.ones(count, dtype=torch.bool) for name in model.tasks},
             'meta': [{'crop': None} for _ in range(count)]}
    batch = model.data_preprocessor(batch)
    given = model.distiller.teachers if way == 'links, taps given' else {}
    batch['teacher'] = {name: teacher(batch['image'], model.distiller.needed_taps(name)) for name, teacher in given.items()}
    return batch


def parameters_of(model: MultiTaskModel) -> list[torch.nn.Parameter]:
    """The parameters of the model and of its teachers; the model does not list the latter."""
    teachers = model.distiller.teachers.values() if model.distiller is not None else ()
    return [*model.parameters(), *(p for teacher in teachers for p in teacher.net.parameters())]


def step(model: MultiTaskModel, batch: dict[str, Any]) -> None:
    """One forward and backward pass."""
    for parameter in parameters_of(model):
        parameter.grad = None
    model(**batch, mode='loss')['loss'].backward()


def saved_bytes(model: MultiTaskModel, batch: dict[str, Any]) -> int:
    """The bytes that a forward pass saves for the backward pass."""
    known = {p.untyped_storage().data_ptr() for p in parameters_of(model)}
    kept: dict[int, Tensor] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        total = model(**batch, mode='loss')['loss']
    count = sum(tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in known)
    del total
    return count


def resident(field: str) -> int:
    """``VmRSS``, the resident size of the process, or ``VmHWM``, its peak, in bytes."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def measure(way: str, arguments: argparse.Namespace, answer: 'SimpleQueue[dict[str, float]]') -> None:
    """Measure one way, in a separate process."""
    torch.set_num_threads(arguments.threads)
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 1 << 16)  # otherwise freed memory stays resident and hides the peaks
    warnings.simplefilter('ignore')
    torch.manual_seed(0)
    cuda = arguments.device == 'cuda'
    model = build(way, arguments).train()
    batch = make_batch(model, way, arguments)
    seconds = []
    step(model, batch)  # libraries allocate their workspaces
    for parameter in parameters_of(model):
        parameter.grad = None
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    else:
        Path('/proc/self/clear_refs').write_text('5')  # reset the peak resident size to the current one
    before = torch.cuda.memory_allocated() if cuda else resident('VmRSS')
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        step(model, batch)
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    peak = (torch.cuda.max_memory_allocated() if cuda else resident('VmHWM')) - before
    gradients = sum(p.grad.nbytes for p in parameters_of(model) if p.grad is not None)
    answer.put({'saved': saved_bytes(model, batch), 'gradients': gradients, 'peak': peak,
                'seconds': statistics.median(seconds)})


def main() -> None:
    """Measure the four ways and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--width', type=float, default=0.25, help="of SegNet; the papers' is 1")
    parser.add_argument('--size', type=int, nargs=2, default=(96, 128), metavar=('H', 'W'))
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--teachers', type=int, default=4, choices=range(1, len(TASKS) + 1))
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--device', default='cpu', choices=('cpu', 'cuda'))
    arguments = parser.parse_args()
    found = {}
    for way in WAYS:
        context = multiprocessing.get_context('fork')  # nothing that a fork would break has run yet
        answer = context.SimpleQueue()
        process = context.Process(target=measure, args=(way, arguments, answer))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"measuring '{way}' failed")
        found[way] = answer.get()
    print(f'SegNet of width {arguments.width:g}, {arguments.teachers} tasks, batch {arguments.batch}, '
          f'{arguments.size[0]}x{arguments.size[1]}, {arguments.device}; MB = 1e6 bytes')
    print(f'{"":<22}{"kept for backward":>19}{"gradients":>12}{"peak of a step":>17}{"s a step":>11}')
    for way, row in found.items():
        print(f'{way:<22}{row["saved"] / 1e6:>16.1f} MB{row["gradients"] / 1e6:>9.1f} MB{row["peak"] / 1e6:>14.1f} MB'
              f'{row["seconds"]:>11.3f}')
    base = found['links, taps given']
    for way in WAYS[2:]:
        kept, gradients, peak = (found[way][key] - base[key] for key in ('saved', 'gradients', 'peak'))
        print(f'{way} add {kept / 1e6:.1f} MB to what is kept, {gradients / 1e6:.1f} MB of gradients and '
              f'{peak / 1e6:.1f} MB to the peak')


if __name__ == '__main__':
    main()
