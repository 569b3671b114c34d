"""Run a sweep: one config with many options and seeds, here or on Slurm; skips what is done, resumes what was killed.

Ends in a leaderboard whose rows are the swept values, and a picture per option and metric.
"""

import argparse
import signal
import sys
from pathlib import Path

import torch
from mmengine.config import DictAction
from rich.console import Console

from mtkd.engine import cli
from mtkd.leaderboard import FORMATS, render
from mtkd.studies.sweep import (
    DONE,
    LocalJobs,
    Plan,
    Screen,
    Settings,
    Stopped,
    SubmititJobs,
    Sweep,
    closing,
    finish,
    gpus_here,
    make_plan,
    read_sweep,
)
from mtkd.studies.sweep.page import SweptRow, plots, sweep_board

EXAMPLE = """\
examples:
  python tools/sweep.py configs/sweeps/quickstart_weight.py --jobs 2
  python tools/sweep.py configs/sweeps/kdam_table5.py --data-root data            one run a GPU
  python tools/sweep.py configs/sweeps/kdam_table5.py --cluster slurm --jobs 20 --cluster-options timeout_min=600 \\
      gpus_per_node=1 slurm_partition=gpu
  python tools/sweep.py configs/sweeps/kdam_table5.py --dry-run                   what would be run

exit code: 0 every run is done, 1 a run failed, 2 the sweep cannot be run, 130 it was stopped
"""


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a scheduler's way to say Ctrl-C
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('sweep', metavar='SWEEP.py', help='sweep file: config, grid or points, seeds')
    parser.add_argument('--jobs', type=_positive, metavar='N', help='runs at a time (default: one a GPU; without GPUs one)')
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help="folder that holds the data sets' folders (default: MTKD_DATA_ROOT, or data)")
    parser.add_argument('--amp', choices=('bf16', 'fp16', 'off'), help="mixed precision (default: the config's choice)")
    parser.add_argument('--smoke', action='store_true',
                        help='try every run for a few iterations on synthetic data: no data, weights or teachers needed')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='K=V',
                        help='change config values of all runs')
    parser.add_argument('--cluster', choices=('slurm', 'local', 'debug'),
                        help='hand runs to submitit, which must be installed (default: run them here)')
    parser.add_argument('--cluster-options', nargs='+', action=DictAction, default={}, metavar='K=V',
                        help="of submitit's executor, such as timeout_min=600 (minutes)")
    parser.add_argument('--dry-run', action='store_true', help='say what would be run, and what is done, and run nothing')
    arguments = parser.parse_args()
    if arguments.cluster_options and not arguments.cluster:
        raise ValueError('--cluster-options are for --cluster slurm: add that, or leave them out.')
    sweep = read_sweep(arguments.sweep, arguments.cfg_options)
    plan = make_plan(sweep, Settings(arguments.data_root, arguments.amp, arguments.smoke))
    if arguments.dry_run:
        return _list(plan)
    launcher = _launcher(arguments, plan)
    try:
        with Screen(plan, Console()) as screen:
            states = finish(plan.works, launcher, screen.show)
    except Stopped:
        done = sum(work.done for work in plan.runs)
        print(f'stopped; {done} of {len(plan.runs)} runs are done, and the same command goes on with the rest where they '
              f'were stopped', file=sys.stderr)
        return 130
    print(*closing(plan, states), sep='\n')
    _write_pages(sweep, plan)
    return 0 if all(state.name == DONE for state in states.values()) else 1


def _launcher(arguments: argparse.Namespace, plan: Plan) -> LocalJobs | SubmititJobs:
    if arguments.cluster:
        return SubmititJobs(arguments.jobs or len(plan.runs), arguments.cluster, arguments.cluster_options,
                            plan.root / 'submitit')
    gpus = gpus_here(torch.cuda.device_count())
    return LocalJobs(arguments.jobs or max(1, len(gpus)), gpus)


def _list(plan: Plan) -> int:
    for work in plan.works:
        after = f', after {", ".join(work.needs)}' if work.needs and not work.done else ''
        print(f'{work.name}: {"done" if work.done else "to run"}{after}')
        for step in work.steps:
            if not work.done and not step.done:
                print('  ' + ' '.join(step.command))
    return 0


def _write_pages(sweep: Sweep, plan: Plan) -> None:
    """What there is to see of the runs that are done: the board in four formats, and the plots."""
    rows = [SweptRow(point.label, point.values, [work.steps[-1].outcome for work in plan.runs
                                                 if work.point == point and work.done]) for point in sweep.points]
    if not any(row.files for row in rows):
        return
    for folder in sweep.references:
        if not Path(folder).exists():
            print(f'note: {folder}, which the sweep file names in references, is not there: the page is without it')
    board = sweep_board(rows, [folder for folder in sweep.references if Path(folder).exists()], sweep.published, sweep.table)
    for form in FORMATS:
        text = render([board], form, sweep.title or f'Sweep {sweep.name}', sweep.note)
        (plan.root / f'leaderboard.{form}').write_text(text, encoding='utf-8')
    print(f'page: {plan.root / "leaderboard.html"} (and .md, .csv, .json)')
    pictures = plots(rows, board, plan.root / 'plots')
    if pictures:
        print(f'{len(pictures)} plots in {plan.root / "plots"}')


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive whole number")
    return int(text)


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
