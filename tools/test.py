"""The command ``mtkd test``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['test', *sys.argv[1:]], 'python tools/test.py'))
