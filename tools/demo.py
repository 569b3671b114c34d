"""The command ``mtkd demo``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['demo', *sys.argv[1:]], 'python tools/demo.py'))
