"""Records, plot and costs of the comparison of losses on CIFAR-10: what its page in docs/results is made of.

    python tools/sweep.py configs/sweeps/comparison_outputs_search.py --data-root data     # also ..._features_search.py
    python benchmarks/comparison.py search work_dirs/sweeps/comparison_*_search            # the weights that it chose
    python tools/sweep.py configs/sweeps/comparison_outputs.py --data-root data            # also comparison_features.py
    python benchmarks/comparison.py cost --data-root data                                  # on an idle machine
    python benchmarks/comparison.py records work_dirs/sweeps/comparison_outputs work_dirs/sweeps/comparison_features
    make pages

``search`` reads the accuracies on the held-out tenth. ``cost`` times a step of each method and a step of the student alone
by turns, in one process with one thread, with the teacher's outputs from the cache. ``records`` writes a line of
results/comparison.jsonl for each run, and the plot.
"""

import argparse
import json
import re
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib
import torch
from matplotlib.figure import Figure
from scipy.stats import t as student_t

from mtkd.config_files import HOME
from mtkd.engine.run import Job
from mtkd.engine.runner import TaskRunner
from mtkd.leaderboard import Result
from mtkd.leaderboard.lines import write_lines
from mtkd.plot_style import COLOURS, STYLE

ALONE, FAMILIES = 'Student alone', {'outputs': COLOURS[0], 'features': COLOURS[1]}
NARROW = 'configs/catalogue/cifar10_narrow.py'
RECORDS, PLOT = Path('results/comparison.jsonl'), Path('docs/results/comparison.png')
COSTS = Path('results/comparison_cost.json')


def search(sweeps: list[Path]) -> dict[str, dict[float, float]]:
    """Config -> weight -> accuracy in % on the held-out tenth, of all runs that are done.

    Raises:
        ValueError: no run has results.
    """
    found: dict[str, dict[float, float]] = defaultdict(dict)
    for sweep in sweeps:
        for file in sorted(sweep.glob('*/seed*/results.json')):
            named = re.match(r'config=cifar10_(\w+),weight=([\d.e-]+)', file.parent.parent.name)
            assert named, file
            found[named[1]][float(named[2])] = Result.read(file).metrics['cifar10']['top1'].value
    if not found:
        raise ValueError(f'no run of {", ".join(map(str, sweeps))} has results; give the folders of the search.')
    return dict(found)


def records(sweeps: list[Path]) -> list[tuple[str, Result]]:
    """Family and result of every run of the table.

    Raises:
        ValueError: no run has results.
    """
    found = []
    for sweep in sweeps:
        for file in sorted(sweep.glob('*/seed*/results.json')):
            result = Result.read(file)
            name = file.parent.parent.name.removeprefix('config=')
            found.append((sweep.name.removeprefix('comparison_'), replace(
                result, method=re.sub(r'\(config=.*', '', result.method), config=f'configs/catalogue/{name}.py',
                command=f'python tools/sweep.py configs/sweeps/{sweep.name}.py --data-root data')))
    if not found:
        raise ValueError(f'no run of {", ".join(map(str, sweeps))} has results; give the folders of the sweeps.')
    return found


def named(results: list[tuple[str, Result]]) -> list[tuple[str, Result]]:
    """With the methods' names as in their configs: those of the sweep have no spaces and commas."""
    from mtkd.engine.config import load_config
    names = {result.config: str(load_config(str(HOME / result.config)).method) for _, result in results}
    return [(family, replace(result, method=names[result.config])) for family, result in results]


def gains(results: list[tuple[str, Result]]) -> dict[tuple[str, str], list[float]]:
    """(family, method) -> gains in top-1 over the student alone of the same seed, in percentage points."""
    alone = {result.seed: result.metrics['cifar10']['top1'].value for _, result in results if result.method == ALONE}
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for family, result in results:
        if result.method != ALONE and result.seed in alone:
            found[family, result.method].append(result.metrics['cifar10']['top1'].value - alone[result.seed])
    return found


def half_width(values: list[float]) -> float:
    """Half of the 95 % confidence interval of a mean (Student's t); 0 for one value."""
    count = len(values)
    return float(student_t.ppf(0.975, count - 1) * statistics.stdev(values) / count ** 0.5) if count > 1 else 0.0


def plot(found: dict[tuple[str, str], list[float]], path: Path) -> None:
    """Gain over the student alone: the seeds as points, the mean and its confidence interval; a row a method."""
    rows = sorted(found.items(), key=lambda item: statistics.fmean(item[1]))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 0.7 + 0.19 * len(rows)), layout='constrained')
        axes = figure.subplots()
        for family, colour in FAMILIES.items():
            mine = [(row, values) for row, ((of, _), values) in enumerate(rows) if of == family]
            axes.errorbar([statistics.fmean(values) for _, values in mine], [row for row, _ in mine],
                          xerr=[half_width(values) for _, values in mine], fmt='o', markersize=4, capsize=2, color=colour,
                          label=f'losses on {family}')
            axes.scatter([value for _, values in mine for value in values], [row for row, values in mine for _ in values],
                         s=5, color='0.45', zorder=3)
        axes.axvline(0, color='0.4', linewidth=0.8)
        axes.set_yticks(range(len(rows)), [method for (_, method), _ in rows])
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlabel('gain in test accuracy over the student alone (percentage points)')
        axes.legend(loc='lower right')
        figure.savefig(path, dpi=150)


def stepper(config: str, data_root: Path, folder: Path) -> Callable[[], float]:
    """A function that runs one training step of a config on its first batch and returns the seconds."""
    cfg = Job(config, work_dir=folder / Path(config).stem, data_root=data_root).prepared()
    runner = TaskRunner.from_cfg(cfg)
    loop = runner.build_train_loop(cfg.train_cfg)
    runner.optim_wrapper = runner.build_optim_wrapper(cfg.optim_wrapper)
    batch = next(iter(loop.dataloader))
    runner.model.train()

    def step() -> float:
        begun = time.perf_counter()
        runner.model.train_step(batch, optim_wrapper=runner.optim_wrapper)
        return time.perf_counter() - begun
    return step


def cost(configs: list[Path], data_root: Path, steps: int) -> dict[str, float]:
    """Method's config -> median time of its step over that of the student alone, measured by turns."""
    torch.set_num_threads(1)
    ratios = {}
    with tempfile.TemporaryDirectory() as folder:
        alone = stepper(str(HOME / NARROW), data_root, Path(folder))
        for config in configs:
            taught = stepper(str(config), data_root, Path(folder))
            times = [(taught(), alone()) for _ in range(steps + 3)][3:]
            ratios[config.stem] = statistics.median(a for a, _ in times) / statistics.median(b for _, b in times)
            print(f'{config.stem:28s} {ratios[config.stem]:.2f}', flush=True)
    return ratios


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    for name in ('search', 'records'):
        commands.add_parser(name).add_argument('sweeps', type=Path, nargs='+', help="the sweeps' folders")
    times = commands.add_parser('cost')
    times.add_argument('--data-root', type=Path, default=Path('data'))
    times.add_argument('--steps', type=int, default=15)
    arguments = parser.parse_args()
    if arguments.command == 'search':
        for name, values in search(arguments.sweeps).items():
            best = max(values, key=lambda weight: values[weight])
            print(f'{name:16s} {best:<9g} ' + '  '.join(f'{weight:g}: {value:.1f}' for weight, value in values.items()))
    elif arguments.command == 'records':
        results = named(records(arguments.sweeps))
        write_lines(RECORDS, (result.to_json() for _, result in results))
        found = gains(results)
        plot(found, PLOT)
        for (family, method), values in sorted(found.items(), key=lambda item: -statistics.fmean(item[1])):
            print(f'{family:9s} {method:18s} {statistics.fmean(values):+5.1f} ± {half_width(values):.1f}  '
                  f'{[round(value, 1) for value in values]}')
    else:
        configs = [file for file in sorted((HOME / 'configs/catalogue').glob('cifar10_*.py'))
                   if file.stem not in ('cifar10_narrow', 'cifar10_wide')]
        COSTS.write_text(json.dumps(cost(configs, arguments.data_root, arguments.steps), indent=1) + '\n')


if __name__ == '__main__':
    main()
