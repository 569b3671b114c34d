"""The command ``mtkd plot``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['plot', *sys.argv[1:]], 'python tools/plot_curves.py'))
