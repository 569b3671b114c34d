"""Entry point of ``python -m mtkd COMMAND …``."""

import sys

from mtkd.cli.main import main

if __name__ == '__main__':
    sys.exit(main())
