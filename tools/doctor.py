"""The command ``mtkd doctor``, from a checkout, also where mtkd has not been installed."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['doctor', *sys.argv[1:]], 'python tools/doctor.py'))
