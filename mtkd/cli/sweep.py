"""Run a sweep over options and seeds of a config, here or on Slurm; skip finished runs, resume interrupted ones.

At the end, a leaderboard with one row per setting and a plot per option and metric are written.
"""

import argparse
import signal
import sys

from ..config_files import find_sweep
from ..config_text import check_sweep
from .options import AMP, KeyValues, cfg_options, data_root, positive, smoke_or_quick

EXAMPLE = """\
examples:
  mtkd sweep configs/sweeps/quickstart_weight.py --jobs 2
  mtkd sweep configs/sweeps/kdam_table5.py --data-root data            one run per GPU
  mtkd sweep configs/sweeps/kdam_table5.py --cluster slurm --jobs 20 --cluster-options timeout_min=600 \\
      gpus_per_node=1 slurm_partition=gpu
  mtkd sweep configs/sweeps/kdam_table5.py --dry-run                   list the runs only

exit code: 0 every run is done, 1 a run failed, 2 the sweep cannot be run, 130 it was stopped
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('sweep', metavar='SWEEP.py', help='sweep file with config, grid or points, and seeds')
    parser.add_argument('--jobs', type=positive, metavar='N',
                        help='number of runs at a time (default: one per GPU; without GPUs one)')
    data_root(parser)
    parser.add_argument('--amp', choices=AMP, help="mixed precision (default: the config's choice)")
    smoke_or_quick(parser, 'try every run for a few iterations on synthetic data: no data, weights or teachers needed')
    cfg_options(parser, 'change config values of all runs')
    parser.add_argument('--cluster', choices=('slurm', 'local', 'debug'),
                        help='submit runs with submitit, which must be installed (default: run them here)')
    parser.add_argument('--cluster-options', nargs='+', action=KeyValues, default={}, metavar='K=V',
                        help="options of submitit's executor, such as timeout_min=600 (minutes)")
    parser.add_argument('--dry-run', action='store_true', help='list the runs and which are done, without running any')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.cluster_options and not arguments.cluster:
        raise ValueError('--cluster-options needs --cluster: add --cluster slurm, or leave it out.')
    check_sweep(find_sweep(arguments.sweep), arguments.cfg_options)
    import torch
    from rich.console import Console

    from mtkd.studies.sweep import (
        DONE,
        Screen,
        Settings,
        Stopped,
        choose_jobs,
        closing,
        finish,
        listed,
        make_plan,
        read_sweep,
    )
    from mtkd.studies.sweep.page import write_pages
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # sent by schedulers; treated like Ctrl-C
    sweep = read_sweep(arguments.sweep, arguments.cfg_options)
    plan = make_plan(sweep, Settings(arguments.data_root, arguments.amp, arguments.smoke, arguments.quick))
    if arguments.dry_run:
        print(*listed(plan), sep='\n')
        return 0
    launcher = choose_jobs(plan, arguments.jobs, arguments.cluster, arguments.cluster_options, torch.cuda.device_count())
    try:
        with Screen(plan, Console()) as screen:
            states = finish(plan.works, launcher, screen.show)
    except Stopped:
        done = sum(work.done for work in plan.runs)
        print(f'stopped; {done} of {len(plan.runs)} runs are done, and the same command continues the rest where they '
              f'were stopped', file=sys.stderr)
        return 130
    print(*closing(plan, states), sep='\n')
    print(*write_pages(sweep, plan), sep='\n')
    return 0 if all(state.name == DONE for state in states.values()) else 1
