"""Check this machine (versions, torch and torchvision, GPU, processes, disk, data, weights) and report what to fix."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import data_root

EXAMPLE = """\
examples:
  mtkd doctor
  mtkd doctor --data-root /data --work-dirs /scratch/work_dirs
  mtkd doctor --data configs/quickstart/student.py

exit code: 0 no fault found; 1 something that mtkd needs is missing or broken, or the data has errors
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    data_root(parser)
    parser.add_argument('--data', metavar='CONFIG',
                        help="check this config's data instead: counts, label statistics, odd values, a contact sheet")
    parser.add_argument('--out', type=Path, default=Path('data_look'), metavar='DIR',
                        help='folder for the contact sheets of --data (default: data_look)')
    parser.add_argument('--work-dirs', type=Path, metavar='DIR',
                        help='folder of the runs (default: MTKD_WORK_DIRS, or work_dirs)')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.data:
        from mtkd.studies.data_look import look
        text, right = look(arguments.data, arguments.out, arguments.data_root)
        print(text)
        print('no fault found' if right else 'the data has errors, see above')
        return 0 if right else 1
    from mtkd.studies import doctor
    checks = doctor.examine(arguments.data_root, arguments.work_dirs)
    print(doctor.report(checks))
    faults = [check.name for check in checks if check.state == doctor.FAULT]
    print(f'mtkd will not work correctly; faults: {", ".join(faults)}' if faults else 'no fault found')
    return 1 if faults else 0
