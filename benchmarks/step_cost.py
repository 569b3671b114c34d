"""What the Runner adds to a training step, how long it waits for data, and how large a checkpoint is.

Runs a distillation config through MMEngine's Runner on synthetic scenes; after every one of its steps a bare PyTorch loop
does the same arithmetic (the same networks, losses and optimiser, on the batch the Runner just used). The two alternate,
so that whatever else the machine does falls on both.

    python benchmarks/step_cost.py
    python benchmarks/step_cost.py --config configs/quickstart/student_kdam.py --steps 60
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
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mtkd.engine import cli
from mtkd.engine.run import Job
from mtkd.registry import HOOKS


class BareLoop:
    """The same step without mtkd's engine: forward, losses, teacher, distillation, backward, update."""

    def __init__(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.model = copy.deepcopy(model)
        self.optimizer = type(optimizer)(self.model.parameters(), **optimizer.defaults)
        self.teacher = next(iter(model.distiller.teachers.values()))
        self.taps = model.distiller.needed_taps(next(iter(model.distiller.teachers)))
        self.distill = model.distiller.links[0].loss

    def step(self, batch: dict[str, Any]) -> None:
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
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()


@HOOKS.register_module(force=True)
class BareLoopHook(Hook):
    """Times the Runner's step, then does and times the bare one."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.runner_s: list[float] = []
        self.bare_s: list[float] = []
        self.wait_s: list[float] = []

    def before_train(self, runner: Any) -> None:
        self.bare = BareLoop(runner.model, runner.optim_wrapper.optimizer)
        self.mark = time.perf_counter()

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        self.wait_s.append(time.perf_counter() - self.mark)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        now = time.perf_counter()
        self.runner_s.append(now - self.mark - self.wait_s[-1])
        self.bare.step(data_batch)
        self.mark = time.perf_counter()
        self.bare_s.append(self.mark - now)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default='configs/kdam/swinT_from_swinL_nyud.py')
    parser.add_argument('--steps', type=int, default=12)
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--size', type=int, nargs=2, default=(128, 160))
    parser.add_argument('--workers', type=int, default=0, help='loader workers (default: 0, scenes are cached)')
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        job = Job(arguments.config, smoke=True, work_dir=Path(folder))
        cfg = job.prepared()
        cfg.train_dataloader.batch_size, cfg.train_dataloader.num_workers = arguments.batch, arguments.workers
        cfg.train_dataloader.dataset.update(size=tuple(arguments.size), num_samples=8 * arguments.batch, cache='preload')
        for transform in cfg.train_dataloader.dataset.pipeline:
            if 'size' in transform:
                transform.size = tuple(arguments.size)
        cfg.train_cfg.update(max_iters=arguments.steps, val_interval=None)
        cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
        for name in ('checkpoint', 'logger', 'runtime_info'):
            cfg.default_hooks[name].interval = arguments.steps
        cfg.custom_hooks = [{'type': 'BareLoopHook'}]
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
    print(f'{arguments.config}: batch {arguments.batch}, {arguments.size[0]}x{arguments.size[1]}, medians of '
          f'{arguments.steps - warm - 1} steps, {torch.get_num_threads()} threads')
    print(f'  Runner step       {ours:8.4f} s')
    print(f'  bare PyTorch step {bare:8.4f} s   ratio {ours / bare:.3f}')
    print(f'  wait for data     {wait:8.4f} s   {100 * wait / (ours + wait):.1f} % of the iteration')
    print(f'  checkpoint {size / 1e6:.1f} MB; student {student / 1e6:.1f} MB + optimiser {state / 1e6:.1f} MB   '
          f'ratio {size / (student + state):.3f}')
    return 0


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
