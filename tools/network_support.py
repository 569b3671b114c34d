"""The command ``mtkd network-support``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['network-support', *sys.argv[1:]], 'python tools/network_support.py'))
