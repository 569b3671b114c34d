"""Records and plot of the few-labels sweep: what docs/results/few_labels.md is made of.

    python tools/sweep.py configs/sweeps/few_labels.py --data-root data
    python benchmarks/few_labels.py work_dirs/sweeps/few_labels
    make pages

Each run's results.json becomes a line of results/few_labels.jsonl, with the method's name and the share of labels beside the
network's name, so that the leaderboard pairs runs of one share.
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

METHODS = {'cifar10_student': 'Student alone', 'cifar10_taught': 'Taught, teacher of all labels',
           'cifar10_taught_all': 'Taught, teacher of all labels'}
SAME = 'Taught, teacher of the same labels'
COMMAND = 'python tools/sweep.py configs/sweeps/few_labels.py --data-root data'


def write_records(sweep: Path, out: Path) -> dict[str, dict[float, list[float]]]:
    """Write the suite's file of records anew; returns method -> share of labels -> accuracies in %, by seed."""
    results = []
    found: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for file in sorted(sweep.glob('*/seed*/results.json')):
        named = re.fullmatch(r'config=(\w+),labels=([\d.]+)', file.parent.parent.name)
        assert named, file
        config, share = named[1], float(named[2])
        labels = f'{share:.0%} of the labels'.replace('%', ' %')
        result = replace(Result.read(file), method=METHODS.get(config, SAME), train_set=labels,
                         backbone=f'ResNet-10, {labels}', command=COMMAND, config=f'configs/few_labels/{config}.py')
        results.append(result)
        found[result.method][share].append(result.metrics['cifar10']['top1'].value)
    if not results:
        raise ValueError(f'{sweep}: no run has results; name the folder of the sweep')
    write_lines(out, (result.to_json() for result in results))
    return found


def plot(found: dict[str, dict[float, list[float]]], path: Path) -> None:
    """Accuracy against the share of labels, mean and standard deviation over seeds."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.1), layout='constrained')
        axes = figure.add_subplot()
        for number, method in enumerate(('Taught, teacher of all labels', SAME, 'Student alone')):
            shares = sorted(found[method])
            means = [fmean(found[method][share]) for share in shares]
            spread = [stdev(found[method][share]) if len(found[method][share]) > 1 else 0 for share in shares]
            axes.errorbar([100 * share for share in shares], means, spread, marker='o', markersize=3.5, capsize=2.5,
                          color=COLOURS[(0, 2, 1)[number]], label=method)
        axes.set_xscale('log')
        ticks = sorted({100 * share for shares in found.values() for share in shares})
        axes.set_xticks(ticks, [f'{tick:g} %' for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel('labelled training pictures (of 10,000)')
        axes.set_ylabel('test accuracy (%)')
        axes.set_title('CIFAR-10, a 79,000-parameter student, 800 iterations')
        axes.legend(loc='lower right')
        figure.savefig(path, dpi=150)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('sweep', type=Path, help="the sweep's folder")
    parser.add_argument('--records', type=Path, default=Path('results/few_labels.jsonl'))
    parser.add_argument('--plot', type=Path, default=Path('docs/results/few_labels.png'))
    arguments = parser.parse_args()
    found = write_records(arguments.sweep, arguments.records)
    plot(found, arguments.plot)
    for method, shares in found.items():
        for share, values in sorted(shares.items()):
            print(f'{method:36s} {share:6.0%}  {fmean(values):5.1f}  {[round(value, 1) for value in values]}')


if __name__ == '__main__':
    main()
