"""The overhead of the Runner per training step, the time it waits for data, and the size of a checkpoint.

Runs a config through MMEngine's Runner on synthetic scenes, or on its own data (--data-root). After each step, a bare
PyTorch loop does the same computation (the same networks, losses and optimiser, on the batch that the Runner just used; a
task's head runs only on the samples labelled for it). The two alternate, so that other load on the machine affects both
equally. With --clock cpu, processor time is measured instead of wall time, for machines that are not idle.

    python benchmarks/step_cost.py
    python benchmarks/step_cost.py --config configs/quickstart/student_kdam.py --steps 60
    python benchmarks/step_cost.py --config configs/kd4mtl/lenet_svhn_omniglot_subset_uniform.py --batch 512 --steps 40 \\
        --data-root data
"""

import argparse
import copy
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mtkd.cli.mistakes import exit_code
from mtkd.engine.run import Job
from mtkd.registry import HOOKS

CLOCKS = {'wall': time.perf_counter, 'cpu': time.process_time}


class BareLoop:
    """The same step without mtkd's engine: forward, losses, teacher, distillation, backward, update."""

    def __init__(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.model = copy.deepcopy(model)
        self.optimizer = type(optimizer)(self.model.parameters(), **optimizer.defaults)
        self.distills = model.distiller is not None
        if self.distills:
            self.teacher = next(iter(model.distiller.teachers.values()))
            self.taps = model.distiller.needed_taps(next(iter(model.distiller.teachers)))
            self.distill = model.distiller.links[0].loss

    def step(self, batch: dict[str, Any]) -> None:
        total = self.distilled(batch) if self.distills else self.labelled(batch)
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()

    def distilled(self, batch: dict[str, Any]) -> torch.Tensor:
        tasks, image = self.model.tasks, batch['image']
        taps = self.model.net(self.model.data_preprocessor.normalise(image))
        teacher = self.teacher(image, self.taps)
        total = torch.zeros(())
        for name, task in tasks.items():
            value, count = next(iter(task.losses(taps[f'{name}.out'], batch['targets'][name]).values()))
            total = total + task.weight * value.sum() / count.sum().clamp_min(1)
            views = [task.prob_view(side[f'{name}.out'], self.distill.tau) for side in (taps, teacher)]
            for term in self.distill(*views).values():
                total = total + (term[0].sum() / term[1].sum() if isinstance(term, tuple) else term)
        return total

    def labelled(self, batch: dict[str, Any]) -> torch.Tensor:
        """The loss of images with one label each: the trunk on all images, each head and cross-entropy only on its own."""
        net = self.model.net
        shared = net.trunk(self.model.data_preprocessor.normalise(batch['image']))['shared']
        total = torch.zeros(())
        for name in self.model.tasks:
            rows = batch['present'][name].nonzero()[:, 0]
            head = net.heads[name]
            out = head.predict(head.feature(shared[rows]))
            total = total + torch.nn.functional.cross_entropy(out, batch['targets'][name][rows])
        return total


@HOOKS.register_module(force=True)
class BareLoopHook(Hook):
    """Times the Runner's step, then runs and times the bare step."""

    priority = 'LOWEST'

    def __init__(self, clock: str) -> None:
        self.clock = CLOCKS[clock]
        self.runner_s: list[float] = []
        self.bare_s: list[float] = []
        self.wait_s: list[float] = []

    def before_train(self, runner: Any) -> None:
        self.bare = BareLoop(runner.model, runner.optim_wrapper.optimizer)
        self.mark = self.clock()

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        self.wait_s.append(self.clock() - self.mark)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        now = self.clock()
        self.runner_s.append(now - self.mark - self.wait_s[-1])
        self.bare.step(data_batch)
        self.mark = self.clock()
        self.bare_s.append(self.mark - now)


def on_scenes(arguments: argparse.Namespace, folder: str) -> Config:
    """The config on synthetic scenes of the requested size."""
    cfg = Job(arguments.config, smoke=True, work_dir=Path(folder)).prepared()
    cfg.train_dataloader.batch_size = arguments.batch
    cfg.train_dataloader.dataset.update(size=tuple(arguments.size), num_samples=8 * arguments.batch, cache='preload')
    for transform in cfg.train_dataloader.dataset.pipeline:
        if 'size' in transform:
            transform.size = tuple(arguments.size)
    return cfg


def on_real(arguments: argparse.Namespace, folder: str) -> Config:
    """The config on its real data; the batch is divided evenly among its data sets."""
    cfg = Job(arguments.config, work_dir=Path(folder), data_root=arguments.data_root).prepared()
    cfg.train_dataloader.batch_size = arguments.batch
    sets = len(cfg.train_dataloader.dataset.datasets)
    cfg.train_dataloader.sampler.quotas = [arguments.batch // sets] * sets
    return cfg


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default='configs/kdam/swinT_from_swinL_nyud.py')
    parser.add_argument('--steps', type=int, default=12)
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--size', type=int, nargs=2, default=(128, 160))
    parser.add_argument('--workers', type=int, default=0, help='loader workers (default: 0, scenes are cached)')
    parser.add_argument('--clock', choices=CLOCKS, default='wall')
    parser.add_argument('--data-root', type=Path, help="folder of the data sets: use the config's own data and image size")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cfg = on_real(arguments, folder) if arguments.data_root else on_scenes(arguments, folder)
        cfg.train_dataloader.num_workers = arguments.workers
        cfg.train_cfg.update(max_iters=arguments.steps, val_interval=None)
        cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
        for name in ('checkpoint', 'logger', 'runtime_info'):
            cfg.default_hooks[name].interval = arguments.steps
        cfg.custom_hooks = [{'type': 'BareLoopHook', 'clock': arguments.clock}]
        cfg.log_level = 'ERROR'
        runner = Runner.from_cfg(cfg)
        runner.train()
        hook = next(h for h in runner.hooks if isinstance(h, BareLoopHook))
        student = sum(t.numel() * t.element_size() for t in runner.model.net.state_dict().values())
        state = sum(t.numel() * t.element_size() for s in runner.optim_wrapper.optimizer.state.values()
                    for t in s.values() if torch.is_tensor(t))
        size = (Path(folder) / f'iter_{arguments.steps}.pth').stat().st_size
    warm = 2
    ours, bare, wait = (statistics.median(times[warm:-1]) for times in (hook.runner_s, hook.bare_s, hook.wait_s))
    size_of = '' if arguments.data_root else f'{arguments.size[0]}x{arguments.size[1]}, '
    print(f'{arguments.config}: batch {arguments.batch}, {size_of}medians of {arguments.steps - warm - 1} steps, '
          f'{torch.get_num_threads()} threads, {arguments.clock} clock')
    print(f'  Runner step       {ours:8.4f} s')
    print(f'  bare PyTorch step {bare:8.4f} s   ratio {ours / bare:.3f}')
    print(f'  wait for data     {wait:8.4f} s   {100 * wait / (ours + wait):.1f} % of the iteration')
    print(f'  checkpoint {size / 1e6:.1f} MB; student {student / 1e6:.1f} MB + optimiser {state / 1e6:.1f} MB   '
          f'ratio {size / (student + state):.3f}')
    return 0


if __name__ == '__main__':
    sys.exit(exit_code(main))
