"""Plot task losses and distillation terms over training, one panel per task, for one or several runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from .options import positive

ENDINGS = ('.png', '.pdf', '.svg')
EXAMPLE = """examples:
  mtkd plot work_dirs/segnet_nyuv2_adaptors/seed0 --out curves.png
  mtkd plot work_dirs/segnet_nyuv2_{uniform,adaptors}/seed0 --out curves.png --smooth 9
  mtkd plot work_dirs/*/seed0 --terms 'semseg/*' --terms loss --log --lr --out curves.pdf
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('dirs', nargs='+', metavar='WORK_DIR', type=Path, help='work dirs written by mtkd train')
    parser.add_argument('--out', required=True, metavar='FILE', type=Path, help='figure to write: .png, .pdf or .svg')
    parser.add_argument('--terms', action='append', default=[], metavar='GLOB',
                        help="plot only matching terms, e.g. '*/ce' or loss; may be repeated (default: all terms of tasks)")
    parser.add_argument('--smooth', type=positive, default=1, metavar='N',
                        help='moving average over N logged values (default: 1, no averaging)')
    parser.add_argument('--log', action='store_true', help='use a logarithmic axis')
    parser.add_argument('--lr', action='store_true', help='add a panel with the learning rate')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    for folder in arguments.dirs:
        if not folder.is_dir():
            raise FileNotFoundError(f'there is no folder {folder}: name a work dir written by mtkd train.')
    if arguments.out.suffix.lower() not in ENDINGS:
        raise ValueError(f"--out {arguments.out}: the name must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
    from mtkd.leaderboard.curves import draw, names_of, read_log, write
    logs = [read_log(path, name) for path, name in zip(arguments.dirs, names_of(arguments.dirs), strict=True)]
    figure = draw(logs, arguments.terms, arguments.smooth, arguments.log, arguments.lr)
    print(f'wrote {write(figure, arguments.out)}')
    return 0
