"""Train a config: a teacher, a student alone, or a student with its teachers."""

import argparse
import sys
from pathlib import Path

from mtkd.engine import cli
from mtkd.engine.run import train

EXAMPLE = """\
examples:
  python tools/train.py configs/kdam/swinT_from_swinL_nyud.py --data-root data --with-prerequisites
  python tools/train.py configs/kdam/swinT_from_swinL_nyud.py --smoke
  torchrun --nproc-per-node 2 tools/train.py configs/baselines/mt_hrnet18_nyud.py --launcher pytorch
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    cli.job_arguments(parser)
    parser.add_argument('--resume', action='store_true', help="go on from the work dir's newest good checkpoint, if any")
    parser.add_argument('--resume-from', type=Path, metavar='CKPT', help='go on from this checkpoint')
    parser.add_argument('--with-prerequisites', action='store_true',
                        help='first train missing teachers, run missing searches, and make missing pseudo-labels and caches')
    arguments = parser.parse_args()
    folder = train(cli.job_from(arguments))
    print(f'done: {folder}')
    return 0


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
