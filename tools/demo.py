"""The demo: a teacher, a student alone, and the same student distilled by KDAM, on synthetic scenes.

Prints a table with each task's metric and the signed multi-task gain over single-task references, and writes a picture
of predictions side by side. Results lie where any other run's would: tools/leaderboard.py reads them too.
"""

import argparse
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mtkd.engine import cli
from mtkd.engine.record import describe
from mtkd.engine.run import Job, TestFacts
from mtkd.leaderboard import Result, SuiteBoard, build
from mtkd.leaderboard.table import table
from mtkd.studies import demo


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog='example:\n  python tools/demo.py --out work_dirs/demo')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'), metavar='DIR',
                        help='folder of all runs, their results and the picture (default: work_dirs/demo)')
    parser.add_argument('--max-seeds', type=int, default=3, metavar='N',
                        help='seeds of the two students at the most (default: 3)')
    parser.add_argument('--seconds', type=float, default=150, metavar='S',
                        help='begin no further seed after so many seconds (default: 150)')
    arguments = parser.parse_args()
    start = time.perf_counter()
    seeds, picture = demo.run(arguments.out, arguments.max_seeds, arguments.seconds, _write_results)
    board, = build([arguments.out], 'quickstart')
    Console().print(_table(board))
    print(f'{seeds} seed(s) of the two students, 1 of the others; predictions side by side: {picture}')
    print(f'{time.perf_counter() - start:.0f} s')
    return 0


def _write_results(job: Job, facts: TestFacts, out: Path) -> None:
    Result.of(facts.metrics, **describe(facts, job.config)).write(out)


def _table(board: SuiteBoard) -> Table:
    """Method, seeds, one number a task and the gain; narrow enough for a terminal. The rest is in the results files."""
    laid = table(board, 'measured')
    shown = Table(title='synthetic scenes, 64x96: mean ± 95 % interval over n seeds')
    kept = [i for i, head in enumerate(laid.heads) if head.text.split()[0] in ('Method', 'n', 'Δ_mt') or '/' in head.text
            or any(head.text.startswith(task) for task in demo.TASKS)]
    for i in kept:
        shown.add_column(laid.heads[i].text, justify='right' if laid.heads[i].numeric else 'left')
    for cells in laid.cells:
        shown.add_row(*(f'[bold]{cells[i].text}[/bold]' if cells[i].best else cells[i].text for i in kept))
    return shown


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
