"""The command ``mtkd cache``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['cache', *sys.argv[1:]], 'python tools/cache_teacher.py'))
