"""Measure a config on this machine, propose batch size, workers, cache and precision, and estimate the training time."""

import argparse

from .options import cfg_options, data_root, smoke_or_quick

EXAMPLE = """\
examples:
  mtkd plan configs/kdam/swinT_from_swinL_nyud.py --data-root data
  mtkd plan configs/quickstart/student_kdam.py --seconds 3
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file; its teachers need not have been trained')
    data_root(parser)
    smoke_or_quick(parser, 'measure a reduced config on synthetic data')
    parser.add_argument('--seconds', type=float, default=10.0, metavar='S', help='seconds to time each part (default: 10)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='seed of weights and data (default: 0)')
    cfg_options(parser, 'change config values')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.studies.plan import plan, report
    print(report(plan(arguments.config, options=arguments.cfg_options, data_root=arguments.data_root,
                      smoke=arguments.smoke, quick=arguments.quick, seed=arguments.seed, seconds=arguments.seconds)))
    return 0
