"""Inject faults into runs at random; count the lost iterations and the bits that differ after a resume.

Small runs of every paper's configs (on the synthetic data of ``--smoke``) are each hit by one fault at a random step,
continued with ``--resume``, and compared with an undisturbed run:

=========  =======================================================================================================
kill       SIGKILL
signal     SIGTERM, SIGHUP, SIGUSR1 or SIGINT
full disk  a tmpfs too small for another checkpoint where this user may mount one; else a flush that raises ENOSPC
double     a second run, new or with ``--resume``, is started in the same work dir
=========  =======================================================================================================

Lost work is counted in iterations: for a signal, all iterations that were done but are in no checkpoint; for the other
faults, those beyond the checkpoint interval. The differing bits are counted over all weights, optimizer states and logged
means. The exit code is 1 if either number is not 0, or if a message or an exit code is not the expected one.

    python benchmarks/kill_and_resume.py --count 100 --seed 0
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook

from mtkd import atomic
from mtkd.cli.mistakes import exit_code
from mtkd.engine.checkpoint import load, numbered_checkpoints
from mtkd.engine.config import find_config, load_config
from mtkd.engine.lock import BUSY
from mtkd.engine.run import Job, train
from mtkd.engine.runner import config_text
from mtkd.engine.smoke import smoke
from mtkd.engine.stopping import SIGNALS
from mtkd.prerequisites.earlier_runs import resolve_teachers
from mtkd.registry import HOOKS

JOBS = ('quickstart/student', 'quickstart/student_kdam', 'kdam/mobilenetv3_from_resnet34_nyud114_short',
        'kdam/atrc_mobilenetv3_from_resnet34_nyud114', 'kd4mtl/lenet_svhn_omniglot_subset_adaptors',
        'kd4mtl/segnet_nyuv2_small_adaptors', 'mlfd/student_s32_cifar10_l1_l2_l3', 'mlfd/joint_s32_stride4',
        'distill_2md_mtl/fairface_mt_all')
ITERATIONS, CHECKPOINT_EVERY, LOG_EVERY = 14, 4, 3
FAULTS = ('kill', 'signal', 'full disk', 'double')
PATIENCE_S = 600
_LINE = re.compile(r'^done (\d+)$', re.MULTILINE)


@HOOKS.register_module()
class StepLine(Hook):
    """Report each finished step, and each step whose checkpoint has been written."""

    priority = 'LOWEST'

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        print(f'done {runner.iter + 1}', flush=True)


@dataclass
class Trial:
    """A run that is hit by one fault.

    Attributes:
        job: the config of the run.
        fault: the kind of fault.
        at: the iteration after which the fault occurs.
        lost: lost iterations, as counted in the module's docstring.
        bits: the number of differing bits at the end.
        wrong: other deviations from the expected state.
        seconds: the duration of the trial.
    """

    job: str
    fault: str
    at: int
    lost: int = 0
    bits: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def small(config: str, folder: Path) -> Path:
    """Write a copy of a config, shortened to a trial of some iterations."""
    cfg = load_config(f'configs/{config}.py')
    cfg.pseudo_labels = None
    cfg = smoke(resolve_teachers(cfg, 0, random=True))
    cfg.train_cfg.max_iters, cfg.train_cfg.val_interval = ITERATIONS, 6
    cfg.default_hooks.checkpoint.interval = CHECKPOINT_EVERY
    cfg.default_hooks.logger.interval = LOG_EVERY
    cfg.report = None
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), {'type': 'StepLine'}]
    path = folder / f'{find_config(f"configs/{config}.py").stem}.py'
    path.write_text(config_text(cfg))
    return path


@dataclass
class Child:
    """A run in a separate process, forked so that nothing is imported again."""

    pid: int
    log: Path

    def wait_for(self, iteration: int) -> None:
        """Wait until that many iterations are done or the process has ended."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.done() < iteration and not self.ended():
            time.sleep(0.002)

    def done(self) -> int:
        """The number of iterations done so far."""
        found = _LINE.findall(self.log.read_text(errors='replace')) if self.log.is_file() else []
        return int(found[-1]) if found else 0

    def ended(self) -> bool:
        """Whether the process has ended; its exit code stays available."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def code(self) -> int:
        """Wait for the process; returns its exit code, or minus the signal that killed it."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def start(job: Job, log: Path, before: Callable[[], None] = lambda: None) -> Child:
    """Start a run; its output goes to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return Child(pid, log)
    code = 99
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        torch.set_num_threads(1)
        for number in SIGNALS:  # under nohup, or in the background of a shell, some signals would be ignored
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        before()
        code = exit_code(lambda: 0 if train(job) else 1)
    except BaseException as error:  # whatever happens, the child must not continue with the script
        print(f'{type(error).__name__}: {error}', file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def state_of(folder: Path) -> dict[str, Any]:
    """Everything that must agree between two runs at the end: name -> array or number."""
    found: dict[str, Any] = {}

    def collect(name: str, value: Any) -> None:
        if isinstance(value, torch.Tensor):
            found[name] = value.numpy()
        elif isinstance(value, dict):
            for key, inner in value.items():
                collect(f'{name}.{key}', inner)
        elif isinstance(value, list | tuple):
            for number, inner in enumerate(value):
                collect(f'{name}.{number}', inner)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[name] = np.float64(value)

    last = load(folder / f'iter_{ITERATIONS}.pth')
    collect('state', last['state_dict'])
    collect('optimizer', last['optimizer'])
    collect('final', load(folder / 'final.pth')['state_dict'])
    for line in (folder / 'vis_data/scalars.json').read_text().splitlines():
        for name, value in json.loads(line).items():  # logged before and after a kill: the last value counts
            if 'time' not in name and name != 'memory':
                collect(f'log.{json.loads(line)["step"]}.{name}', value)
    return found


def differing_bits(one: dict[str, Any], two: dict[str, Any]) -> int:
    """The number of bits in which two states differ; an entry present in only one of them counts in full."""
    bits = 0
    for name in one.keys() | two.keys():
        if name not in one or name not in two or one[name].shape != two[name].shape:
            bits += 8 * (one.get(name, two.get(name))).nbytes
        else:
            a, b = (np.ascontiguousarray(state[name]).reshape(-1).view(np.uint8) for state in (one, two))
            bits += int(np.unpackbits(a ^ b).sum())
    return bits


def full_disk(folder: Path, room: int) -> Callable[[], None] | None:
    """Mount a small file system at ``folder``; where that is not permitted, make a flush of the child raise ENOSPC instead.
    """
    folder.mkdir(parents=True)
    if os.geteuid() == 0 and subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={room}', 'tmpfs', str(folder)],
                                            capture_output=True, check=False).returncode == 0:
        return None

    def stand_in() -> None:
        real, count = os.fsync, [0]

        def fsync(handle: int) -> None:
            count[0] += 1
            if count[0] > 8:
                raise OSError(28, 'No space left on device')
            real(handle)
        atomic.os.fsync = fsync  # type: ignore[assignment]
    return stand_in


def attempt(trial: Trial, job: Job, sizes: dict[str, int], draw: random.Random) -> None:
    """Run one trial: start the run, cause the fault, check the state, and resume to the end."""
    log = job.folder.parent / 'log'
    number = draw.choice([signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT])
    before: Callable[[], None] | None = None
    if trial.fault == 'full disk':
        before = full_disk(job.folder, int(sizes[job.config] * draw.uniform(1.3, 1.8)))
        trial.at = 0
    child = start(job, log, before or (lambda: None))
    if trial.fault != 'full disk':
        child.wait_for(trial.at)
        time.sleep(draw.uniform(0, 0.05))
    if trial.fault == 'kill':
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    elif trial.fault == 'signal':
        trial.fault = signal.Signals(number).name
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)
    elif trial.fault == 'double':
        other = Job(job.config, work_dir=job.folder, seed=draw.choice([0, 1]), resume=draw.random() < 0.5)
        second = start(other, log.with_name('second.log'))
        code, said = second.code(), second.log.read_text(errors='replace')
        if code != BUSY or 'is in use by process' not in said:
            trial.wrong.append(f'the second run ended with {code}')
    code = child.code()
    check(trial, job, child, code, number)
    if trial.fault == 'full disk' and os.path.ismount(job.folder):
        kept = job.folder.with_name('kept')
        shutil.copytree(job.folder, kept)
        subprocess.run(['umount', str(job.folder)], check=True)
        job.folder.rmdir()
        kept.rename(job.folder)
    if not (job.folder / 'final.pth').is_file():
        again = start(Job(job.config, work_dir=job.folder, resume=True), log.with_name('again.log'))
        if again.code() != 0:
            trial.wrong.append('the resumed run fails: ' + (again.log.read_text().strip().splitlines() or ['nothing'])[-1])


def check(trial: Trial, job: Job, child: Child, code: int, number: int) -> None:
    """Check the state after a fault: exit code, message, checkpoints, partial files, lost work."""
    said, done = child.log.read_text(errors='replace'), child.done()
    kept = numbered_checkpoints(job.folder)
    newest = int(kept[0].stem.removeprefix('iter_')) if kept else 0
    expected = {'kill': -signal.SIGKILL, 'full disk': 2, 'double': 0}.get(trial.fault, 128 + number)
    if code != expected and not (trial.fault == 'kill' and code == 0):
        trial.wrong.append(f'exit code {code}, not {expected}')
    if trial.fault == 'full disk' and not re.search(r'error: .*(was not written: it needs|No space)', said):
        trial.wrong.append('a full disk without its sentence')
    if trial.fault != 'kill' and list(job.folder.glob('.partial*')):
        trial.wrong.append('a partial file is left')
    for path in kept:
        load(path)
    whole = done if trial.fault.startswith('SIG') else done // CHECKPOINT_EVERY * CHECKPOINT_EVERY
    if trial.fault == 'full disk':
        whole = min(whole, CHECKPOINT_EVERY)  # there was enough space for one
        trial.at = done
    trial.lost = max(whole - newest, 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=100, metavar='N', help='how many runs (default: 100)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='of what is drawn (default: 0)')
    parser.add_argument('--jobs', nargs='+', default=JOBS, metavar='CONFIG',
                        help='configs below configs/, without .py (default: some of every paper)')
    parser.add_argument('--folder', type=Path, metavar='DIR', help='where to work (default: a temporary folder, removed)')
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    os.environ['OMP_NUM_THREADS'] = '1'
    place = arguments.folder or Path(tempfile.mkdtemp())
    place.mkdir(parents=True, exist_ok=True)
    jobs = [arguments.jobs[i % len(arguments.jobs)] for i in range(arguments.count)]
    faults = [FAULTS[i % len(FAULTS)] for i in range(arguments.count)]
    draw.shuffle(jobs), draw.shuffle(faults)
    references: dict[str, tuple[Path, dict[str, Any]]] = {}
    sizes: dict[str, int] = {}
    trials = []
    try:
        for count, (name, fault) in enumerate(zip(jobs, faults, strict=True)):
            begun = time.monotonic()
            if name not in references:
                config = small(name, place)
                child = start(Job(str(config), work_dir=place / 'whole' / config.stem),
                              place / 'whole' / f'{config.stem}.log')
                if child.code() != 0:
                    print(f'{name} does not run: {child.log.read_text()[-2000:]}')
                    return 2
                folder = place / 'whole' / config.stem
                references[name] = config, state_of(folder)
                sizes[str(config)] = (folder / f'iter_{ITERATIONS}.pth').stat().st_size
            config, reference = references[name]
            trial = Trial(name, fault, draw.randint(1, ITERATIONS - 2))
            job = Job(str(config), work_dir=place / f'trial{count}' / 'run')
            attempt(trial, job, sizes, draw)
            if (job.folder / 'final.pth').is_file():
                trial.bits = differing_bits(reference, state_of(job.folder))
            else:
                trial.wrong.append('no final.pth in the end')
            trial.seconds = time.monotonic() - begun
            trials.append(trial)
            print(f'{count + 1:4d}  {trial.job:48s} {trial.fault:9s} after {trial.at:2d}  lost {trial.lost}  '
                  f'bits {trial.bits}  {"; ".join(trial.wrong) or "as it should be"}  ({trial.seconds:.0f} s)', flush=True)
    finally:
        if arguments.folder is None:
            shutil.rmtree(place, ignore_errors=True)
    return summary(trials)


def summary(trials: list[Trial]) -> int:
    """Print the results as a Markdown table; returns 1 if anything was lost, differs or is wrong."""
    print('\n| what happened | runs | lost iterations | differing bits | otherwise wrong |\n|---|---:|---:|---:|---:|')
    kinds = dict.fromkeys(sorted(trial.fault for trial in trials))
    rows = [(kind, [trial for trial in trials if trial.fault == kind]) for kind in kinds] + [('all', trials)]
    for kind, of_kind in rows:
        print(f'| {kind} | {len(of_kind)} | {sum(t.lost for t in of_kind)} | {sum(t.bits for t in of_kind)} | '
              f'{sum(bool(t.wrong) for t in of_kind)} |')
    return int(any(trial.lost or trial.bits or trial.wrong for trial in trials))


if __name__ == '__main__':
    sys.exit(main())
