"""The command ``mtkd pseudo-label``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['pseudo-label', *sys.argv[1:]], 'python tools/pseudo_label.py'))
