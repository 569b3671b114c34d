"""Records and plots of the few-labels sweeps, from which docs/results/few_labels.md and few_labels_three_sets.md are built.

    python tools/sweep.py configs/sweeps/few_labels.py --data-root data
    python benchmarks/few_labels.py work_dirs/sweeps/few_labels
    python tools/sweep.py configs/sweeps/few_labels_three_sets.py --data-root data
    python benchmarks/few_labels.py work_dirs/sweeps/few_labels_three_sets
    make pages

Each run's results.json becomes a line of results/<sweep>.jsonl, with the method's name, and with the share of labels
appended to the network's name, so that the leaderboard compares runs with the same share.
"""

import argparse
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

import matplotlib
from matplotlib.figure import Figure

from mtkd.leaderboard import Result
from mtkd.leaderboard.lines import write_lines
from mtkd.plot_style import COLOURS, STYLE

SAME, EACH = 'Taught, teacher of the same labels', 'Taught by a teacher of each set'
METHODS = {'cifar10_student': 'Student alone', 'cifar10_taught': 'Taught, teacher of all labels',
           'cifar10_taught_all': 'Taught, teacher of all labels', 'three_sets_student': 'Student alone',
           'three_sets_taught': EACH}
SETS = {'cifar10': 'CIFAR-10', 'gtsrb': 'GTSRB', 'svhn': 'SVHN'}
COLOUR = {'Taught, teacher of all labels': COLOURS[0], EACH: COLOURS[0], SAME: COLOURS[2], 'Student alone': COLOURS[1]}
Found = dict[str, dict[str, dict[float, list[float]]]]  # data set -> method -> share of labels -> accuracies in %, by seed


def write_records(sweep: Path, out: Path) -> Found:
    """Rewrite the suite's record file; returns the accuracies.

    Raises:
        ValueError: no run of the sweep has results.
    """
    results = []
    found: Found = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for file in sorted(sweep.glob('*/seed*/results.json')):
        named = re.match(r'config=(\w+),\w+=([\d.]+)', file.parent.parent.name)
        assert named, file
        config, share = named[1], float(named[2])
        labels = f'{share:.0%} of the labels'.replace('%', ' %')
        result = replace(Result.read(file), method=METHODS.get(config, SAME), train_set=labels,
                         backbone=f'ResNet-10, {labels}',
                         command=f'python tools/sweep.py configs/sweeps/{sweep.name}.py --data-root data',
                         config=f'configs/few_labels/{config}.py')
        results.append(result)
        for task, metrics in result.metrics.items():
            found[task][result.method][share].append(metrics['top1'].value)
    if not results:
        raise ValueError(f'{sweep}: no run has results; name the folder of the sweep')
    write_lines(out, (result.to_json() for result in results))
    return found


def plot(found: Found, path: Path) -> None:
    """Accuracy against the share of labels, mean and standard deviation over seeds; one panel per data set."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2 if len(found) == 1 else 3.0 * len(found), 3.1), layout='constrained')
        for axes, (task, methods) in zip(figure.subplots(1, len(found), squeeze=False)[0], found.items(), strict=True):
            for method in (method for method in COLOUR if method in methods):
                shares = sorted(methods[method])
                means = [fmean(methods[method][share]) for share in shares]
                spread = [stdev(methods[method][share]) if len(methods[method][share]) > 1 else 0 for share in shares]
                axes.errorbar([100 * share for share in shares], means, spread, marker='o', markersize=3.5, capsize=2.5,
                              color=COLOUR[method], label=method)
            axes.set_xscale('log')
            ticks = sorted({100 * share for shares in methods.values() for share in shares})
            axes.set_xticks(ticks, [f'{tick:g} %' for tick in ticks])
            axes.minorticks_off()
            axes.set_xlabel('training images with a label')
            axes.set_title(SETS[task])
        figure.axes[0].set_ylabel('test accuracy (%)')
        figure.axes[0].legend(loc='best' if len(found) > 1 else 'lower right')
        figure.savefig(path, dpi=150)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('sweep', type=Path, help="the sweep's folder")
    parser.add_argument('--records', type=Path, help='default: results/<name of the folder>.jsonl')
    parser.add_argument('--plot', type=Path, help='default: docs/results/<name of the folder>.png')
    arguments = parser.parse_args()
    name = arguments.sweep.resolve().name
    found = write_records(arguments.sweep, arguments.records or Path(f'results/{name}.jsonl'))
    plot(found, arguments.plot or Path(f'docs/results/{name}.png'))
    for task, methods in found.items():
        for method, shares in methods.items():
            for share, values in sorted(shares.items()):
                print(f'{task:8s} {method:36s} {share:6.0%}  {fmean(values):5.1f}  {[round(value, 1) for value in values]}')


if __name__ == '__main__':
    main()
