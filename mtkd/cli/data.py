"""Say which data sets are here, how the others are laid out and may be had; fetch them, or unpack archives that you have."""

import argparse
import os
from pathlib import Path

from .options import data_root

EXAMPLE = """\
examples:
  mtkd data                                 all data sets that the configs name
  mtkd data nyud                            one: its layout, where it may be had, its terms
  mtkd data svhn --fetch --data-root data   by torchvision, where that may be
  mtkd data nyud --from ~/Downloads         unpack NYUD_MT.tgz, checked where a checksum is known

exit code: 0 what was asked for is done; 1 after --fetch or --from: some of it is still absent
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('name', nargs='?', metavar='NAME', help='a data set (default: list all)')
    data_root(parser)
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument('--fetch', action='store_true', help='fetch it by torchvision')
    ways.add_argument('--from', dest='archives', type=Path, metavar='DIR',
                      help="unpack the release's archives that lie in this folder")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.studies.data_sets import described, lacking, named, table
    root = arguments.data_root or Path(os.environ.get('MTKD_DATA_ROOT', 'data'))
    if arguments.name is None:
        if arguments.fetch or arguments.archives:
            raise ValueError('--fetch and --from are for one data set: name it, as in mtkd data svhn --fetch.')
        print(*table(root), sep='\n')
        print(f'\nbelow {root}; mtkd data NAME shows the layout, the source and the terms of one')
        return 0
    one = named(arguments.name)
    if arguments.fetch or arguments.archives:
        from mtkd.studies.get_data import fetch, lay_out
        if arguments.fetch:
            fetch(one, root)
        else:
            lay_out(one, arguments.archives.expanduser(), root)
        return 1 if lacking(one, root) else 0
    print(*described(one, root), sep='\n')
    return 0
