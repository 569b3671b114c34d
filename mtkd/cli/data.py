"""List data sets: which ones are present, and how to get the others; download them, or unpack their archives."""

import argparse
import os
from pathlib import Path

from .options import data_root

EXAMPLE = """\
examples:
  mtkd data                                 all data sets that configs use
  mtkd data nyud                            one data set: its layout, source and terms
  mtkd data svhn --fetch --data-root data   download with torchvision, where permitted
  mtkd data nyud --from ~/Downloads         unpack NYUD_MT.tgz, checked where a checksum is known

exit code: 0 success; 1 after --fetch or --from if a part of the data set is still missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('name', nargs='?', metavar='NAME', help='data set (default: list all)')
    data_root(parser)
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument('--fetch', action='store_true', help='download it with torchvision')
    ways.add_argument('--from', dest='archives', type=Path, metavar='DIR',
                      help="unpack the release's archives from this folder")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.studies.data_sets import described, lacking, named, table
    root = arguments.data_root or Path(os.environ.get('MTKD_DATA_ROOT', 'data'))
    if arguments.name is None:
        if arguments.fetch or arguments.archives:
            raise ValueError('--fetch and --from are for one data set: name it, as in mtkd data svhn --fetch.')
        print(*table(root), sep='\n')
        print(f'\nlooked in {root}; mtkd data NAME shows layout, source and terms of one data set')
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
