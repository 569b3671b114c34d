"""What the command-line tools share: a mistake is answered with one sentence and an exit code, not a traceback."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from mmengine.config import DictAction

from .run import Job

MISTAKES = (ValueError, KeyError, TypeError, OSError, RuntimeError)


def exit_code(main: Callable[[], int | None]) -> int:
    """Run a tool's ``main``; a mistake that says what is wrong becomes one line on stderr and exit code 2.

    Setting MTKD_TRACEBACK=1 shows the traceback instead.
    """
    try:
        return main() or 0
    except KeyboardInterrupt:
        print('stopped; what was written stays, and --resume goes on from the newest checkpoint', file=sys.stderr)
        return 130
    except MISTAKES as error:
        if os.environ.get('MTKD_TRACEBACK') == '1':
            raise
        print(f'error: {one_sentence(error)}', file=sys.stderr)
        print('(MTKD_TRACEBACK=1 shows where it came from)', file=sys.stderr)
        return 2


def one_sentence(error: BaseException) -> str:
    """What an error says, without the frames that a loader worker or MMEngine's builder wraps around it."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if 'Original Traceback' in text:
        text = text.strip().splitlines()[-1]
    return text.strip() or type(error).__name__


def job_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what training and testing share."""
    parser.add_argument('--work-dir', type=Path, metavar='DIR',
                        help='where to write (default: work_dirs/<config name>/seed<seed>)')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='of everything random (default: 0)')
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help="folder that holds the data sets' folders (default: MTKD_DATA_ROOT, or data)")
    parser.add_argument('--amp', choices=('bf16', 'fp16', 'off'), help="mixed precision (default: the config's choice)")
    parser.add_argument('--compile', action='store_true', help='torch.compile trunk, heads and teachers')
    parser.add_argument('--smoke', action='store_true',
                        help='try the config for a few iterations on synthetic data: no data, weights or teachers needed')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='K=V',
                        help='change config values, e.g. optim_wrapper.optimizer.lr=0.02; an unknown key is an error')
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none',
                        help='how ranks are started; with torchrun: pytorch (default: none, one process)')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def job_from(arguments: argparse.Namespace) -> Job:
    """The :class:`~mtkd.engine.run.Job` that parsed arguments ask for."""
    os.environ.setdefault('LOCAL_RANK', str(arguments.local_rank))
    names = ('work_dir', 'seed', 'data_root', 'amp', 'compile', 'smoke', 'launcher', 'resume', 'resume_from',
             'with_prerequisites')
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return Job(config=arguments.config, options=arguments.cfg_options, **given)
