"""The command ``mtkd leaderboard``, from a checkout."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main(['leaderboard', *sys.argv[1:]], 'python tools/leaderboard.py'))
