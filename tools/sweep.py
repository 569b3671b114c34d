"""The command ``mtkd sweep``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['sweep', *sys.argv[1:]], 'python tools/sweep.py'))
