"""Options that several commands share."""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHANGE = 'change config values; an unknown key is an error'
AMP = ('bf16', 'fp16', 'off')


class KeyValues(argparse.Action):
    """Action for ``--cfg-options a.b=1 c=[x,2]``: dotted keys and values, parsed as by MMEngine's ``DictAction``.

    A value is an integer, a float, true, false, None, or text; ``[a,b]`` and ``a,b`` are lists, ``(a,b)`` is a tuple.
    If the option is given several times, the keys of all are used.
    """

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        found = dict(getattr(namespace, self.dest, None) or {})
        for pair in values:
            key, equals, value = pair.partition('=')
            if not equals or not key:
                parser.error(f'{option_string} {pair}: write KEY=VALUE.')
            found[key] = parse_value(value)
        setattr(namespace, self.dest, found)


def parse_value(text: str) -> Any:
    """Parse the text of an option's value; see :class:`KeyValues`."""
    text = text.strip().strip('\'"').strip()
    closing = {'[': ']', '(': ')'}.get(text[:1])
    if closing and text[-1] == closing and _closes_at_end(text):
        items = [parse_value(part) for part in _split(text[1:-1])]
        return tuple(items) if text[0] == '(' else items
    parts = _split(text)
    if len(parts) > 1:
        return [parse_value(part) for part in parts]
    return _scalar(text)


def _closes_at_end(text: str) -> bool:
    """Whether the last character closes the first bracket."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character in '[(') - (character in '])')
        if depth == 0:
            return place == len(text) - 1
    return False


def _split(text: str) -> list[str]:
    """Split at the commas outside brackets; an empty last part is dropped."""
    parts, depth = [''], 0
    for character in text:
        depth += (character in '[(') - (character in '])')
        if character == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += character
    return parts if parts[-1].strip() else parts[:-1]


def _scalar(text: str) -> Any:
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return {'true': True, 'false': False, 'none': None}.get(text.lower(), text)


def positive(text: str) -> int:
    """Parse a positive integer.

    Raises:
        argparse.ArgumentTypeError: the text is not a positive integer.
    """
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive whole number")
    return int(text)


TRACKERS = ('tensorboard', 'wandb', 'mlflow', 'aim', 'clearml', 'neptune', 'dvclive')  # the names of their packages


def trackers(text: str) -> tuple[str, ...]:
    """Parse names of experiment trackers, separated by commas.

    Raises:
        argparse.ArgumentTypeError: a name is unknown, or its package is not installed.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(',') if name.strip()))
    unknown = [name for name in names if name not in TRACKERS]
    if unknown or not names:
        near = difflib.get_close_matches(unknown[0], TRACKERS, n=1) if unknown else []
        raise argparse.ArgumentTypeError(f"'{unknown[0] if unknown else text}' is not a tracker; "
                                         + (f'did you mean {near[0]}?' if near else f'choose from {", ".join(TRACKERS)}'))
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise argparse.ArgumentTypeError(f'{" and ".join(missing)} {"is" if len(missing) == 1 else "are"} not installed: '
                                         f'pip install {" ".join(missing)}')
    return names


def data_root(parser: argparse.ArgumentParser) -> None:
    """Add ``--data-root``."""
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help="folder that contains the data sets' folders (default: MTKD_DATA_ROOT, or data)")


def cfg_options(parser: argparse.ArgumentParser, explained: str = CHANGE) -> None:
    """Add ``--cfg-options``."""
    parser.add_argument('--cfg-options', nargs='+', action=KeyValues, default={}, metavar='K=V', help=explained)


def smoke_or_quick(parser: argparse.ArgumentParser, explained: str) -> None:
    """Add ``--smoke`` and ``--quick``, which exclude each other."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument('--smoke', action='store_true', help=explained)
    quick(ways)


def quick(parser: argparse._ActionsContainer) -> None:
    """Add ``--quick``."""
    parser.add_argument('--quick', action='store_true',
                        help='shorten the run and its prerequisites to minutes on a CPU, on the real data: 20 iterations, '
                             'few samples, small images; written to work_dirs/quick, with the results in a separate suite')


def job_arguments(parser: argparse.ArgumentParser, work_dir: str = 'work_dirs/<config name>/seed<seed>') -> None:
    """Add the options that training and testing share; ``work_dir`` describes the default folder."""
    parser.add_argument('--work-dir', type=Path, metavar='DIR', help=f'folder to write to (default: {work_dir})')
    parser.add_argument('--seed', type=int, default=0, metavar='N', help='seed of all random numbers (default: 0)')
    data_root(parser)
    parser.add_argument('--amp', choices=AMP, help="mixed precision (default: the config's choice)")
    parser.add_argument('--compile', action='store_true', help='apply torch.compile to trunk, heads and teachers')
    smoke_or_quick(parser, 'try the config for a few iterations on synthetic data: no data, weights or teachers needed')
    parser.add_argument('--verbose', action='store_true',
                        help='print the full log, as in the log file of the work dir')
    cfg_options(parser, 'change config values, e.g. optim_wrapper.optimizer.lr=0.02, or values of a teacher\'s '
                        'config, e.g. teachers.NAME.train_cfg.max_iters=100; an unknown key is an error')
    parser.add_argument('--launcher', choices=('none', 'pytorch', 'slurm', 'mpi'), default='none',
                        help='how the processes are started; use pytorch with torchrun (default: none, one process)')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def job_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of :class:`~mtkd.engine.run.Job` given by a command line."""
    os.environ.setdefault('LOCAL_RANK', str(arguments.local_rank))
    if arguments.verbose:
        os.environ['MTKD_VERBOSE'] = '1'  # read by mtkd.engine.console, also in child processes
    names: Sequence[str] = ('config', 'work_dir', 'seed', 'data_root', 'amp', 'compile', 'smoke', 'quick', 'launcher',
                            'resume', 'resume_from', 'overwrite', 'take_config', 'with_prerequisites', 'log')
    given = {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
    return {**given, 'options': arguments.cfg_options}
