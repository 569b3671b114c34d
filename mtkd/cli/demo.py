"""Demo: compare a student trained on few labels with the same student distilled on unlabelled scenes (synthetic data).

Prints a table with each task's metric, explains the difference, and writes an image with labels and predictions side by
side. Results are written as for any other run, so that mtkd leaderboard can read them.
"""

import argparse
import time
from pathlib import Path

from .options import positive

EXAMPLE = """\
example:
  mtkd demo --out work_dirs/demo
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--out', type=Path, default=Path('work_dirs/demo'), metavar='DIR',
                        help='folder for all runs, their results and the image (default: work_dirs/demo)')
    parser.add_argument('--max-seeds', type=positive, default=3, metavar='N',
                        help='maximum number of seeds of the two students (default: 3)')
    parser.add_argument('--seconds', type=float, default=150, metavar='S',
                        help='do not start another seed after this many seconds (default: 150)')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    import torch
    from rich.console import Console

    from mtkd.leaderboard import build
    from mtkd.studies import demo
    start = time.perf_counter()
    threads = demo.free_threads()
    torch.set_num_threads(threads)
    print(f'{demo.WHY}\nUsing {threads} thread(s): the number of free cores at the moment.')
    done = demo.run(arguments.out, arguments.max_seeds, arguments.seconds)
    board, = build([arguments.out], demo.SUITE)
    Console().print(demo.results_table(board))
    print(demo.verdict(board))
    picture = demo.picture(arguments.out, done.folders)
    print(f'{done.seeds} seed(s) of the two students, 1 of the teacher; labels and predictions side by side: {picture}')
    print(f'{time.perf_counter() - start:.0f} s')
    return 0
