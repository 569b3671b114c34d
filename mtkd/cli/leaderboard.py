"""Collect results of runs into a leaderboard, with seeds, intervals, Delta_mt, and the published results for comparison."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FORMATS = ('md', 'csv', 'json', 'html')

EXAMPLE = """example:
  mtkd leaderboard work_dirs --suite kdam_nyud --out docs/kdam_nyud.html --note-file docs/protocol.md
  mtkd leaderboard work_dirs --suite kdam_nyud --out docs/kdam_nyud.html --note-file docs/protocol.md --check
  mtkd leaderboard --suite kdam_nyud        print only the published results, as Markdown
  mtkd leaderboard work_dirs --suite kdam_nyud --baseline MT --compare "MT+DIST" "MT+KDAM"
  mtkd leaderboard work_dirs --suite faces --cross-domain --out docs/faces_cross_domain.md
  mtkd leaderboard results/network_cost.jsonl --costs --out docs/results/network_cost.md
  mtkd leaderboard work_dirs/NAME --record results/kdam_nyud.jsonl        add these runs to a file of records
  mtkd leaderboard results/kdam_nyud.jsonl --out kdam_nyud.html           write the page from these records

Results are folders with results.json, or .jsonl files with one run per line, one file per suite.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('dirs', nargs='*', metavar='RUNS', type=Path,
                        help='folders with results.json, results.json files, or .jsonl files of records')
    parser.add_argument('--suite', metavar='S', help='only this suite, e.g. kdam_nyud (default: every suite found)')
    parser.add_argument('--format', choices=FORMATS, help='format of the output (default: by the suffix of --out, else md)')
    parser.add_argument('--out', metavar='F', type=Path, help='file to write (default: print to the screen)')
    parser.add_argument('--title', default='', help="heading of the page (default: the suite's title)")
    note = parser.add_mutually_exclusive_group()
    note.add_argument('--note', default='', metavar='TEXT', help='description of the protocol, for the top of the page')
    note.add_argument('--note-file', metavar='F', type=Path, help='read the description from a file')
    parser.add_argument('--published', metavar='S',
                        help='show the published results of this suite (default: the suite of the same name)')
    parser.add_argument('--no-published', action='store_true', help='do not show published results')
    parser.add_argument('--compare', nargs=2, action='append', default=[], metavar=('A', 'B'),
                        help='test whether method B beats A, paired over the seeds of both; may be repeated')
    parser.add_argument('--baseline', metavar='A', help='compare every other measured method with A')
    parser.add_argument('--cross-domain', action='store_true',
                        help='instead of a leaderboard, write one table per task of the measured results, with a row per '
                             'training set and a column per test set')
    parser.add_argument('--costs', action='store_true',
                        help='instead of a leaderboard, write the training costs in records of mtkd network-cost')
    parser.add_argument('--record', type=Path, metavar='F.jsonl',
                        help='instead of a leaderboard, add the runs to this file of records; if it already has one of the '
                             'runs (method, backbone, tasks, sets, seed, fold), this is an error and nothing is written')
    parser.add_argument('--replace', action='store_true', help='with --record: replace runs that the file already has')
    parser.add_argument('--check', action='store_true',
                        help='write nothing; exit 1 if --out differs from the page of the current results (by content)')


@contextmanager
def without_collection() -> Iterator[None]:
    """Disable garbage collection: results and rows form no reference cycles, so scanning thousands of them wastes time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@without_collection()
def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd import atomic
    from mtkd.leaderboard import (
        build,
        cross_domain,
        format_of,
        read_costs,
        record,
        render,
        render_costs,
        render_cross,
        why_stale,
    )
    check(arguments)
    if arguments.record is not None:
        added, replaced = record(arguments.record, arguments.dirs, arguments.suite, arguments.replace)
        print(f'{arguments.record}: {added} runs added, {replaced} replaced')
        return 0
    out, title = arguments.out, arguments.title
    form = arguments.format or (format_of(out) if out else None) or 'md'
    note = arguments.note_file.read_text(encoding='utf-8') if arguments.note_file else arguments.note
    if arguments.costs:
        text = render_costs(read_costs(arguments.dirs), form, title, note)
    elif arguments.cross_domain:
        text = render_cross(cross_domain(arguments.dirs, arguments.suite), form, title, note)
    else:
        boards = build(arguments.dirs, arguments.suite, with_published=not arguments.no_published,
                       beside=arguments.published, pairs=[(first, second) for first, second in arguments.compare],
                       baseline=arguments.baseline)
        text = render(boards, form, title, note)
    if arguments.check:
        stale = why_stale(out, text)
        print(stale or f'{out} is up to date', file=sys.stderr if stale else sys.stdout)
        return 1 if stale else 0
    if out is None:
        sys.stdout.write(text)
    else:
        atomic.write_text(out, text)
        print(f'wrote {out}')
    return 0


def check(arguments: argparse.Namespace) -> None:
    """Check that the options can be combined.

    Raises:
        ValueError: they cannot; the message names them.
    """
    makes_page = arguments.out or arguments.costs or arguments.cross_domain or arguments.compare or arguments.baseline
    if arguments.record and (makes_page or arguments.check):
        raise ValueError('--record only adds runs to a file; leave out --out, --check, --compare, --baseline, '
                         '--cross-domain and --costs.')
    if arguments.replace and not arguments.record:
        raise ValueError('--replace needs --record, the file of records.')
    if arguments.check and arguments.out is None:
        raise ValueError('--check needs --out, the page to check.')
    if arguments.cross_domain and (arguments.compare or arguments.baseline):
        raise ValueError('--compare and --baseline compare the rows of a leaderboard; leave out --cross-domain.')
    if arguments.costs and (arguments.compare or arguments.baseline or arguments.cross_domain or arguments.suite):
        raise ValueError('--costs writes a separate page; leave out --suite, --compare, --baseline and --cross-domain.')
