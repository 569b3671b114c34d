"""Look this machine over (versions, torch and torchvision, GPU, processes, disk, data, weights) and say what to do."""

import argparse
import importlib.util
import sys
from pathlib import Path

EXAMPLE = """\
examples:
  python tools/doctor.py
  python tools/doctor.py --data-root /data --work-dirs /scratch/work_dirs

exit code: 0 no fault found, 1 something mtkd needs is wrong
"""

# Read by its path: importing the package might fail on the very faults this tool is there to explain.
_PLACE = Path(__file__).resolve().parents[1] / 'mtkd' / 'studies' / 'doctor.py'


def _load():  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location('mtkd_doctor', _PLACE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help="folder that holds the data sets' folders (default: MTKD_DATA_ROOT, or data)")
    parser.add_argument('--work-dirs', type=Path, metavar='DIR',
                        help='folder of the runs (default: MTKD_WORK_DIRS, or work_dirs)')
    arguments = parser.parse_args()
    doctor = _load()
    checks = doctor.examine(arguments.data_root, arguments.work_dirs)
    print(doctor.report(checks))
    faults = [check.name for check in checks if check.state == doctor.FAULT]
    print(f'mtkd will not run as it should: {", ".join(faults)}' if faults else 'no fault found')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
