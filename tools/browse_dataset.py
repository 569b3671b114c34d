"""The command ``mtkd browse``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['browse', *sys.argv[1:]], 'python tools/browse_dataset.py'))
