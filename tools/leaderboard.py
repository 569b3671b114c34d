"""Gathers results.json files into a leaderboard: seeds, intervals, Delta_mt, and the papers' rows beside ours."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mtkd.leaderboard import (
    FORMATS,
    build,
    cross_domain,
    format_of,
    read_costs,
    render,
    render_costs,
    render_cross,
    why_stale,
)

EXAMPLE = """example:
  python tools/leaderboard.py work_dirs --suite kdam_nyud --out docs/kdam_nyud.html --note-file docs/protocol.md
  python tools/leaderboard.py work_dirs --suite kdam_nyud --out docs/kdam_nyud.html --note-file docs/protocol.md --check
  python tools/leaderboard.py --suite kdam_nyud        the paper's rows alone, as Markdown on the screen
  python tools/leaderboard.py work_dirs --suite kdam_nyud --baseline MT --compare "MT+DIST" "MT+KDAM"
  python tools/leaderboard.py work_dirs --suite faces --cross-domain --out docs/faces_cross_domain.md
  python tools/leaderboard.py docs/results/records/network_cost --costs --out docs/results/network_cost.md
"""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('dirs', nargs='*', metavar='DIR', type=Path, help='folders with results.json, or such files')
    parser.add_argument('--suite', metavar='S', help='only this suite, e.g. kdam_nyud; by default every suite found')
    parser.add_argument('--format', choices=FORMATS, help="by default from the ending of --out, else 'md'")
    parser.add_argument('--out', metavar='F', type=Path, help='file to write; by default the screen')
    parser.add_argument('--title', default='', help="heading of the page; by default the suite's title")
    note = parser.add_mutually_exclusive_group()
    note.add_argument('--note', default='', metavar='TEXT', help='protocol text for the top of the page')
    note.add_argument('--note-file', metavar='F', type=Path, help='the same from a file')
    parser.add_argument('--published', metavar='S',
                        help="set this suite's published rows beside ours (default: those of the same name)")
    parser.add_argument('--no-published', action='store_true', help="leave the papers' rows out")
    parser.add_argument('--compare', nargs=2, action='append', default=[], metavar=('A', 'B'),
                        help='test whether method B beats A, paired over the seeds of both; may be given again')
    parser.add_argument('--baseline', metavar='A', help='compare every other measured method with A')
    parser.add_argument('--cross-domain', action='store_true',
                        help='instead: one table a task, training sets by test sets, of measured results')
    parser.add_argument('--costs', action='store_true',
                        help='instead: what networks cost in training, from records of tools/network_cost.py')
    parser.add_argument('--check', action='store_true',
                        help='write nothing; exit 1 if --out is not what the results give now (by content, not by time)')
    args = parser.parse_args(argv)
    if args.check and args.out is None:
        parser.error('--check needs --out, the page to check')
    if args.cross_domain and (args.compare or args.baseline):
        parser.error('--compare and --baseline compare the rows of a leaderboard; leave out --cross-domain')
    if args.costs and (args.compare or args.baseline or args.cross_domain or args.suite):
        parser.error('--costs makes a page of its own; leave out --suite, --compare, --baseline and --cross-domain')
    return args


def main(argv: Sequence[str] | None = None) -> int:
    args = parse_args(argv)
    form = args.format or (format_of(args.out) if args.out else None) or 'md'
    try:
        note = args.note_file.read_text(encoding='utf-8') if args.note_file else args.note
        if args.costs:
            text = render_costs(read_costs(args.dirs), form, args.title, note)
        elif args.cross_domain:
            text = render_cross(cross_domain(args.dirs, args.suite), form, args.title, note)
        else:
            boards = build(args.dirs, args.suite, with_published=not args.no_published, beside=args.published,
                           pairs=[(first, second) for first, second in args.compare], baseline=args.baseline)
            text = render(boards, form, args.title, note)
        if args.check:
            stale = why_stale(args.out, text)
            print(stale or f'{args.out} is up to date', file=sys.stderr if stale else sys.stdout)
            return 1 if stale else 0
        if args.out is None:
            sys.stdout.write(text)
        else:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(text, encoding='utf-8')
            print(f'wrote {args.out}')
    except (ValueError, OSError) as error:
        print(f'leaderboard: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
