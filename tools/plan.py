"""The command ``mtkd plan``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['plan', *sys.argv[1:]], 'python tools/plan.py'))
