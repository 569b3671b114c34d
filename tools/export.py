"""The command ``mtkd export``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['export', *sys.argv[1:]], 'python tools/export.py'))
