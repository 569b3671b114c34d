"""List the data sets that configs use and whether they are present; download one, or unpack its archives."""

import argparse
import os
from pathlib import Path

from .options import data_root

EXAMPLE = """\
examples:
  mtkd data                                 list all data sets
  mtkd data nyud                            show layout, source and terms of one data set
  mtkd data svhn --fetch --data-root data   download it with torchvision
  mtkd data nyud --from ~/Downloads         unpack the downloaded archive NYUD_MT.tgz

exit code: 0 success; 1 after --fetch or --from if files of the data set are still missing
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('name', nargs='?', metavar='NAME', help='name of a data set (default: list all)')
    data_root(parser)
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument('--fetch', action='store_true',
                      help='download the data set with torchvision, if torchvision provides it')
    ways.add_argument('--from', dest='archives', type=Path, metavar='DIR',
                      help='unpack the archives of the data set in this folder; known checksums are verified')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.studies.data_sets import described, lacking, named, table
    root = arguments.data_root or Path(os.environ.get('MTKD_DATA_ROOT', 'data'))
    if arguments.name is None:
        if arguments.fetch or arguments.archives:
            raise ValueError('--fetch and --from need the name of a data set, as in mtkd data svhn --fetch.')
        print(*table(root), sep='\n')
        print(f'\nsearched in {root}; mtkd data NAME shows layout, source and terms of a data set')
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
