"""Measure a config on this machine and propose batch size, workers, cache and precision; estimate how long it takes."""

import argparse
import sys
from pathlib import Path

from mmengine.config import DictAction

from mtkd.engine import cli
from mtkd.studies.plan import plan, report

EXAMPLE = """\
examples:
  python tools/plan.py configs/kdam/swinT_from_swinL_nyud.py --data-root data
  python tools/plan.py configs/quickstart/student_kdam.py --seconds 3
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file; its teachers need not have been trained')
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help="folder that holds the data sets' folders (default: MTKD_DATA_ROOT, or data)")
    parser.add_argument('--smoke', action='store_true', help='measure the cut-down config on synthetic data')
    parser.add_argument('--seconds', type=float, default=10.0, metavar='S', help='seconds to time each part (default: 10)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='of weights and data (default: 0)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='K=V',
                        help='change config values')
    arguments = parser.parse_args()
    print(report(plan(arguments.config, options=arguments.cfg_options, data_root=arguments.data_root,
                      smoke=arguments.smoke, seed=arguments.seed, seconds=arguments.seconds)))
    return 0


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
