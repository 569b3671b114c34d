"""The command ``mtkd infer``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['infer', *sys.argv[1:]], 'python tools/infer.py'))
