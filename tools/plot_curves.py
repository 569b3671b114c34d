"""Draws task losses and distillation terms over training, one panel a task, of one or several runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mtkd.leaderboard.curves import draw, names_of, read_log, write

EXAMPLE = """examples:
  python tools/plot_curves.py work_dirs/segnet_nyuv2_adaptors/seed0 --out curves.png
  python tools/plot_curves.py work_dirs/segnet_nyuv2_{uniform,adaptors}/seed0 --out curves.png --smooth 9
  python tools/plot_curves.py work_dirs/*/seed0 --terms 'semseg/*' --terms loss --log --lr --out curves.pdf
"""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('dirs', nargs='+', metavar='WORK_DIR', type=Path, help='work dirs that tools/train.py has written')
    parser.add_argument('--out', required=True, metavar='FILE', type=Path, help='figure to write: .png, .pdf or .svg')
    parser.add_argument('--terms', action='append', default=[], metavar='GLOB',
                        help="only terms that fit, e.g. '*/ce' or loss; may be given again (default: those of tasks)")
    parser.add_argument('--smooth', type=int, default=1, metavar='N', help='average over N logged values (default: 1, none)')
    parser.add_argument('--log', action='store_true', help='logarithmic values')
    parser.add_argument('--lr', action='store_true', help='a further panel with the learning rate')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    try:
        logs = [read_log(path, name) for path, name in zip(args.dirs, names_of(args.dirs), strict=True)]
        print(f'wrote {write(draw(logs, args.terms, args.smooth, args.log, args.lr), args.out)}')
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
