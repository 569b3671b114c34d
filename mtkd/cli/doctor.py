"""Look this machine over (versions, torch and torchvision, GPU, processes, disk, data, weights) and say what to do."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import data_root

EXAMPLE = """\
examples:
  mtkd doctor
  mtkd doctor --data-root /data --work-dirs /scratch/work_dirs

exit code: 0 no fault found, 1 something mtkd needs is wrong
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    data_root(parser)
    parser.add_argument('--work-dirs', type=Path, metavar='DIR',
                        help='folder of the runs (default: MTKD_WORK_DIRS, or work_dirs)')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.studies import doctor
    checks = doctor.examine(arguments.data_root, arguments.work_dirs)
    print(doctor.report(checks))
    faults = [check.name for check in checks if check.state == doctor.FAULT]
    print(f'mtkd will not run as it should: {", ".join(faults)}' if faults else 'no fault found')
    return 1 if faults else 0
