"""The command ``mtkd train``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['train', *sys.argv[1:]], 'python tools/train.py'))
