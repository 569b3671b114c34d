"""The savings from running heads, teachers and adaptors only on their own rows of a batch mixed from several data sets.

A LeNet with a head, a single-task teacher and an adaptor for each data set is trained on random images: on each task's own
rows (as in training), on all rows (as before), and in a bare PyTorch loop on each task's own rows. The three alternate.

    python benchmarks/routed_step.py
    python benchmarks/routed_step.py --sets 8 --pictures 32 --steps 60
"""

import argparse
import copy
import statistics
import time
import warnings

import torch
from mmengine.optim import OptimWrapper
from torch import nn
from torch.nn.functional import cross_entropy, normalize

from mtkd.models import MultiTaskModel
from mtkd.structures import RoutingPlan

MEAN = STD = (127.5,) * 3
NET = {'backbone': {'type': 'MultiLeNet', 'in_size': 32, 'dropout': 0.0}, 'neck': {'type': 'OneScaleNeck'},
       'head': {'type': 'MLPHead', 'channels': 50, 'dropout': 0.0}}


def build(tasks: dict) -> MultiTaskModel:
    """The student with a teacher and a linear adaptor for each task, as in KD4MTL."""
    torch.manual_seed(0)
    teachers = {name: {'net': NET, 'tasks': {name: task}, 'allow_random': True, 'mean': MEAN, 'std': STD}
                for name, task in tasks.items()}
    link = {'loss': {'type': 'NormalisedL2'}, 'student': 'shared', 'teacher': '{task}:shared', 'where': 'labelled',
            'weight': 10.0, 'projector': {'type': 'Linear1x1'}}
    return MultiTaskModel(net=NET, tasks=tasks, distiller={'teachers': teachers, 'links': {'each_task': link}},
                          data_preprocessor={'mean': MEAN, 'std': STD}).train()


def batch(names: list[str], pictures: int, classes: int) -> dict:
    """``pictures`` random images of each set, labelled for its own task, in random order."""
    of = torch.arange(len(names)).repeat_interleave(pictures)[torch.randperm(len(names) * pictures)]
    labels = torch.randint(0, classes, of.shape)
    return {'image': torch.randint(0, 256, (len(of), 3, 32, 32)).byte(),
            'targets': {name: torch.where(of == i, labels, -1) for i, name in enumerate(names)},
            'present': {name: of == i for i, name in enumerate(names)},
            'meta': [{'dataset': names[i], 'index': n, 'crop': None} for n, i in enumerate(of.tolist())], 'teacher': {}}


class Bare:
    """The same step written by hand."""

    def __init__(self, model: MultiTaskModel) -> None:
        self.net = copy.deepcopy(model.net)
        self.teachers = {name: teacher.net.trunk for name, teacher in model.distiller.teachers.items()}
        self.adaptors = nn.ModuleDict({link.task_names[0]: copy.deepcopy(link.projector) for link in model.distiller.links})
        self.optimizer = torch.optim.Adam([*self.net.parameters(), *self.adaptors.parameters()], 1e-3)

    def step(self, given: dict) -> None:
        """Forward, losses, backward, update."""
        image = (given['image'].float() - MEAN[0]) / STD[0]
        shared = self.net.trunk(image)['shared']
        total = torch.zeros(())
        for name, head in self.net.heads.items():
            rows = given['present'][name].nonzero()[:, 0]
            own = shared[rows]
            total = total + cross_entropy(head.predict(head.feature(own)), given['targets'][name][rows])
            with torch.no_grad():
                taught = self.teachers[name](image[rows])['shared']
            adapted = self.adaptors[name](own)
            total = total + 10 * (normalize(adapted) - normalize(taught)).square().sum(1).mean()
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sets', type=int, default=2, help='data sets, each with a task and a teacher (default: 2)')
    parser.add_argument('--pictures', type=int, default=256, help='images of each set per batch (default: 256)')
    parser.add_argument('--classes', type=int, default=100, help='classes of each task (default: 100)')
    parser.add_argument('--steps', type=int, default=40, help='steps of each kind (default: 40)')
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter('ignore')
    names = [f'set{i}' for i in range(arguments.sets)]
    routed = build({name: {'type': 'Classification', 'num_classes': arguments.classes} for name in names})
    whole = copy.deepcopy(routed)
    whole.data_preprocessor.routing_plan = RoutingPlan()
    bare = Bare(routed)
    kinds = {'rows that count': routed, 'all rows': whole}
    optimizers = {name: OptimWrapper(torch.optim.Adam(model.parameters(), 1e-3)) for name, model in kinds.items()}
    seconds: dict[str, list[float]] = {name: [] for name in (*kinds, 'bare loop')}
    for number in range(arguments.steps + 3):
        given = batch(names, arguments.pictures, arguments.classes)
        for name in seconds:
            start = time.process_time()
            if name in kinds:
                kinds[name].train_step(given, optimizers[name])
            else:
                bare.step(given)
            if number >= 3:
                seconds[name].append(time.process_time() - start)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in middle.items():
        print(f'{name:16s} {1e3 * value:8.2f} ms of processor time a step, {value / middle["bare loop"]:.2f} x the bare '
              'loop')


if __name__ == '__main__':
    main()
