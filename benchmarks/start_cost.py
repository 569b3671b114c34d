"""The cost of starting a training: processor time up to the first step, relative to `import torch, timm`.

    python benchmarks/start_cost.py
    python benchmarks/start_cost.py --config quickstart/student_kdam --repeats 5

Several processes alternate: one imports torch and timm, one runs `mtkd train CONFIG --smoke` up to its first step and
reports the part spent building its network, others print --help or report a mistake. Times are the user and system time of a
process; the medians and their ratios are printed. Only the ratios carry over to other machines.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

BARE = 'import torch, timm'
TORCH = 'import torch'
UP_TO_FIRST_STEP = """
import os, resource, sys, time
from mtkd.engine.loops import TrainLoop
from mtkd.engine.runner import TaskRunner
build, spent = TaskRunner.build_model, []
def timed(self, model):
    start = time.process_time()
    built = build(self, model)
    spent.append(time.process_time() - start)
    return built
def first(self, data_batch):
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f'COST {used.ru_utime + used.ru_stime} {sum(spent)}', flush=True)
    os._exit(0)
TaskRunner.build_model, TrainLoop.run_iter = timed, first
from mtkd.cli.main import main
sys.exit(main(['train', sys.argv[1], '--smoke']))
"""
COMMANDS = {  # answered before torch is imported
    'mtkd train --help': ['train', '--help'], 'mtkd train NOWHERE': ['train', 'nowhere'],
    'mtkd train, unknown option': ['train', 'quickstart/student', '--cfg-options', 'optim_wraper.optimizer.lr=1'],
    'mtkd leaderboard --help': ['leaderboard', '--help']}


def processor_time(arguments: list[str], folder: str) -> tuple[float, str]:
    """The user and system seconds of a process, and its output."""
    before = os.times()
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, 'OMP_NUM_THREADS': '1'})
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system), \
        done.stdout + done.stderr


def start(config: str, folder: str) -> tuple[float, float]:
    """The processor seconds of a training up to its first step, and the part spent building the network."""
    _, said = processor_time(['-c', UP_TO_FIRST_STEP, config], folder)
    line = next((line for line in said.splitlines() if line.startswith('COST')), None)
    if line is None:
        raise RuntimeError(f'the training of {config} did not reach its first step:\n{said}')
    total, build = map(float, line.split()[1:])
    return total, build


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--config', default='quickstart/student', help='config to start (default: quickstart/student)')
    parser.add_argument('--repeats', type=int, default=3, metavar='N', help='turns (default: 3)')
    arguments = parser.parse_args()
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(arguments.repeats + 1):  # the first run fills the file caches
            found = {TORCH: processor_time(['-c', TORCH], folder)[0], BARE: processor_time(['-c', BARE], folder)[0]}
            found['training'], found['its network'] = start(arguments.config, folder)
            found |= {name: processor_time(['-m', 'mtkd', *command], folder)[0] for name, command in COMMANDS.items()}
            for name, value in found.items() if turn else ():
                times.setdefault(name, []).append(value)
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        print(f'{name:28s} {value:7.2f} s')
    print(f'\n{arguments.config} up to its first step / ({BARE} + building its network): '
          f'{medians["training"] / (medians[BARE] + medians["its network"]):.2f}')
    for name in COMMANDS:
        print(f'{name} / {TORCH}: {medians[name] / medians[TORCH]:.2f}')


if __name__ == '__main__':
    main()
