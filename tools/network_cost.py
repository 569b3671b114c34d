"""The command ``mtkd network-cost``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['network-cost', *sys.argv[1:]], 'python tools/network_cost.py'))
