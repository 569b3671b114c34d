"""The cost of a leaderboard of many results, compared with an earlier build of mtkd.

    python benchmarks/leaderboard_scale.py --against COMMIT
    python benchmarks/leaderboard_scale.py --results 1000 20000 --format html

Synthetic results of four tasks with 20 metrics per run: rows of five seeds on five backbones, and single-task references.
They are written as folders of results.json, which both builds read, and as one .jsonl file, which only this build reads.
Each page is made by ``mtkd leaderboard`` in a separate process; processor time (user and system) and peak resident size are
the kernel's. The bytecode of both builds is compiled beforehand. The earlier build is a ``git worktree``, removed at the
end.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mtkd.leaderboard import Result
from mtkd.leaderboard.lines import write_lines

ROOT = Path(__file__).parents[1]
SEEDS, BACKBONES, SUITE = 5, 5, 'scale'
METRICS = {  # task -> metric -> typical value, unit, direction; the first one is primary
    'semseg': {'mIoU': (16, '%', True), 'pixAcc': (50, '%', True), 'mIoU_without_39': (16, '%', True),
               'num_absent': (1, 'classes', False)},
    'depth': {'rmse': (.9, 'm', False), 'absErr': (.7, 'm', False), 'relErr': (.3, '', False), 'log_rmse': (.3, '', False),
              'delta1': (50, '%', True), 'delta2': (80, '%', True), 'delta3': (93, '%', True)},
    'normals': {'mErr': (35, 'deg', False), 'median': (30, 'deg', False), 'rmse': (42, 'deg', False),
                'within_11.25': (18, '%', True), 'within_22.5': (39, '%', True), 'within_30': (51, '%', True)},
    'edge': {'odsF': (50, '%', True), 'oisF': (52, '%', True), 'AP': (41, '%', True)}}


def made_up(count: int) -> Iterator[Result]:
    """``count`` synthetic results: first the single-task references of each backbone, then the methods."""
    draw = random.Random(0)
    rows = [('ST', [task]) for task in METRICS] + [(f'method {number}', list(METRICS)) for number in range(count)]
    made = 0
    for method, tasks in rows:
        for backbone in range(BACKBONES):
            for seed in range(SEEDS):
                if made == count:
                    return
                made += 1
                yield _result(method, tasks, f'net{backbone}', seed, draw)


def _result(method: str, tasks: list[str], backbone: str, seed: int, draw: random.Random) -> Result:
    config = f'configs/{method.replace(" ", "_")}_{backbone}_{"_".join(tasks)}.py'
    numbers = {task: {name: (value * draw.uniform(.9, 1.1), unit, higher)
                      for name, (value, unit, higher) in METRICS[task].items()} for task in tasks}
    return Result.of(
        numbers, suite=SUITE, method=method, config=config, config_sha256=f'{hash_of(config):064x}', seed=seed,
        student=backbone, backbone=backbone, tasks=tasks, role='single_task' if len(tasks) == 1 else 'multi_task',
        primary={task: next(iter(METRICS[task])) for task in tasks}, params=3_000_000, macs=2_000_000_000,
        input_size=(228, 308), images_per_second=draw.uniform(50, 60), peak_memory_bytes=600_000_000, train_set='NYUD train',
        test_set='NYUD val', device='CPU', versions={'torch': '2.15.0', 'mmengine': '0.10.7', 'timm': '1.0.20'},
        code_version='0.1.0', time=f'2026-01-01T00:00:{seed:02d}+00:00',
        command=f'python tools/test.py {config} work_dirs/{seed}/final.pth --seed {seed} --data-root data')


def hash_of(text: str) -> int:
    """A hash of a text that is the same in every process."""
    return int.from_bytes(text.encode(), 'little') % 2 ** 255


def write(results: list[Result], folder: Path) -> None:
    """Write results as folders of results.json, and also as one ``.jsonl`` file."""
    for number, result in enumerate(results):
        result.write(folder / 'runs' / str(number) / 'results.json')
    write_lines(folder / 'runs.jsonl', (result.to_json() for result in results))


@contextmanager
def build_at(commit: str) -> Iterator[Path]:
    """A worktree of an earlier commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / 'tree'
        subprocess.run(['git', 'worktree', 'add', '--detach', '--quiet', str(tree), commit], cwd=ROOT, check=True)
        try:
            yield tree
        finally:
            subprocess.run(['git', 'worktree', 'remove', '--force', str(tree)], cwd=ROOT, check=True)


def cost(tree: Path, arguments: list[str], limit: int, cache: Path) -> tuple[float, float] | None:
    """The processor seconds and peak resident megabytes of ``mtkd leaderboard``; None if it took more than ``limit`` s.

    ``cache`` is Python's folder for compiled bytecode.

    Raises:
        RuntimeError: the command failed.
    """
    command = [sys.executable, '-m', 'mtkd', 'leaderboard', *arguments]
    environment = {name: value for name, value in os.environ.items() if name != 'PYTHONDONTWRITEBYTECODE'}
    environment.update(PYTHONPATH=str(tree), OMP_NUM_THREADS='1', PYTHONPYCACHEPREFIX=str(cache))
    process = subprocess.Popen(command, cwd=tree, env=environment, stdout=subprocess.DEVNULL,
                               preexec_fn=lambda: _limit(limit))
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = used.ru_utime + used.ru_stime
    if process.returncode and seconds < limit:
        raise RuntimeError(f'{" ".join(command)} in {tree} failed with exit code {process.returncode}')
    return None if process.returncode else (seconds, used.ru_maxrss / 1000)


def _limit(seconds: int) -> None:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--against', metavar='COMMIT',
                        help='also measure the build of this commit, from results.json folders')
    parser.add_argument('--results', type=int, nargs='+', default=[1000, 2000, 5000, 20000], metavar='N')
    parser.add_argument('--format', choices=('md', 'csv', 'json', 'html'), default='html')
    parser.add_argument('--limit', type=int, default=300, metavar='S', help='processor seconds at most for a page (300)')
    parser.add_argument('--options', nargs='*', default=[], metavar='OPTION',
                        help='further options of mtkd leaderboard, without their dashes, such as "baseline=method 0"')
    arguments = parser.parse_args()
    options = [f'--{option}' for option in arguments.options]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        builds = [('this build', ROOT, 'runs'), ('this build', ROOT, 'runs.jsonl')]
        if arguments.against is None:
            measure(builds, arguments, folder, options)
            return
        with build_at(arguments.against) as tree:
            measure([*builds, (arguments.against, tree, 'runs')], arguments, folder, options)


def measure(builds: list[tuple[str, Path, str]], arguments: argparse.Namespace, folder: Path, options: list[str]) -> None:
    """Print one line per build and number of results."""
    write(list(made_up(10)), folder / 'warm')
    for _, tree, source in builds:
        given = [str(folder / 'warm' / source), '--out', str(folder / f'warm.{arguments.format}')]
        cost(tree, given, arguments.limit, folder / 'bytecode')
    past: set[str] = set()
    for count in sorted(arguments.results):
        write(list(made_up(count)), folder / str(count))
        for name, tree, source in builds:
            if name in past:
                continue
            given = [str(folder / str(count) / source), '--out', str(folder / f'page.{arguments.format}'), *options]
            used = cost(tree, given, arguments.limit, folder / 'bytecode')
            if used is None:
                past.add(name)
            said = f'more than {arguments.limit} s' if used is None else f'{used[0]:7.2f} s  {used[1]:6.0f} MB'
            print(f'{count:6d} results  {source:10s}  {name:12s}  {said}', flush=True)


if __name__ == '__main__':
    main()
