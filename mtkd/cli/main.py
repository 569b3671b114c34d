"""Entry point of ``mtkd COMMAND …``: parses the options before the command imports anything heavy."""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..config_files import find_config, known_configs
from ..config_text import check
from .mistakes import exit_code

TOOLS = {'train': 'train', 'test': 'test', 'leaderboard': 'leaderboard', 'browse': 'browse_dataset', 'plot': 'plot_curves',
         'infer': 'infer', 'export': 'export', 'doctor': 'doctor', 'plan': 'plan', 'sweep': 'sweep',
         'cache': 'cache_teacher', 'pseudo-label': 'pseudo_label', 'demo': 'demo', 'network-cost': 'network_cost',
         'network-support': 'network_support'}  # command -> the file in tools/ that does the same
COMMANDS = (*TOOLS, 'configs', 'data', 'completion')


def main(argv: Sequence[str] | None = None, called: str | None = None) -> int:
    """Run a command.

    Args:
        argv: the command and its arguments; None: those of the process.
        called: the name of the program in its help text; None: ``mtkd COMMAND``.

    Returns:
        The exit code: 0 for success, 2 for an error of the user, 1 for an unexpected error, 130 after Ctrl-C, or a code that
        the command defines.

    Raises:
        SystemExit: after ``--help``, or for options that do not parse.
    """
    if '_ARGCOMPLETE' in os.environ:
        complete()
    name, *arguments = list(sys.argv[1:] if argv is None else argv) or ['']
    if name in ('', '-h', '--help'):
        print(overview())
        return 0 if name else 2
    if name == '--version':
        print(f'mtkd {__version__}')
        return 0
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=2, cutoff=0.5) or sorted(COMMANDS)
        print(f"error: mtkd has no command '{name}'; {'did you mean' if len(near) < 3 else 'it has'} {', '.join(near)}"
              f"{'?' if len(near) < 3 else '.'}", file=sys.stderr)
        return 2
    command = command_module(name)
    parser = build_parser(command, called or f'mtkd {name}')
    parsed = parser.parse_args(arguments)
    return exit_code(lambda: _run(command, parser, parsed), work_dir_of(name, parsed))


def _run(command: Any, parser: argparse.ArgumentParser, parsed: argparse.Namespace) -> int | None:
    """Run a command; errors in paths or in a config's text are reported before the command imports anything heavy."""
    config = getattr(parsed, 'config', None)
    folder = getattr(command, 'TAKES_FOLDER', False) and isinstance(config, str) and Path(config).is_dir()
    for given in (None if folder else config, getattr(parsed, 'data', None)):
        if isinstance(given, str):
            check(find_config(given), getattr(parsed, 'cfg_options', None) or {})
    for what, file in (('the checkpoint', None if folder else getattr(parsed, 'checkpoint', None)),
                       ('the checkpoint', getattr(parsed, 'resume_from', None)),
                       ('the file of results', getattr(parsed, 'results', None))):
        if isinstance(file, Path) and not file.exists():
            raise FileNotFoundError(f'{what} {file} does not exist.')
    for action in parser._actions:
        given = getattr(parsed, action.dest, None)
        if action.metavar == 'DIR' and isinstance(given, Path) and given.exists() and not given.is_dir():
            raise ValueError(f'{given} is a file: name a folder with {action.option_strings[0]}.')
    return command.run(parsed)


def work_dir_of(name: str, parsed: argparse.Namespace) -> Path | None:
    """The folder for the log of an unexpected error: the work dir of a training or a test."""
    if getattr(parsed, 'work_dir', None) is not None:
        return Path(parsed.work_dir)
    if name == 'train':
        root = Path(os.environ.get('MTKD_WORK_DIRS', 'work_dirs'))
        return (root / 'quick' if parsed.quick else root) / Path(parsed.config).stem / f'seed{parsed.seed}'
    return parsed.checkpoint.parent if name == 'test' else None


def command_module(name: str) -> Any:
    """The module of a command: ``add_arguments``, ``run`` and ``EXAMPLE``."""
    return importlib.import_module(f'mtkd.cli.{name.replace("-", "_")}')


def build_parser(command: Any, called: str) -> argparse.ArgumentParser:
    """The parser of a command; its examples use the name that the user started the command with."""
    epilog = command.EXAMPLE
    if called.startswith('python tools/'):
        for name, tool in TOOLS.items():
            epilog = re.sub(rf'-m mtkd {name}(?= )', f'tools/{tool}.py', epilog)
            epilog = re.sub(rf'\bmtkd {name}(?=\s)', f'python tools/{tool}.py', epilog)
    parser = argparse.ArgumentParser(prog=called, description=command.__doc__, epilog=epilog,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_arguments(parser)
    return parser


def complete() -> None:
    """Print the completions that a shell asks for, and exit."""
    import argcomplete

    from mtkd.studies.data_sets import DATA_SETS  # imports nothing heavy
    top = argparse.ArgumentParser(prog='mtkd')
    commands = top.add_subparsers()
    for name in COMMANDS:
        command_module(name).add_arguments(commands.add_parser(name))
    for parser in commands.choices.values():
        for action in parser._actions:
            if action.dest == 'config' or action.metavar == 'CONFIG':
                action.completer = _config_names  # type: ignore[attr-defined]
    data_set, = (action for action in commands.choices['data']._actions if action.dest == 'name')
    data_set.completer = lambda **_: list(DATA_SETS)  # type: ignore[attr-defined]
    argcomplete.autocomplete(top, exit_method=sys.exit)


def _config_names(prefix: str, **_: Any) -> list[str]:
    """Completions of a config: names of configs, and files."""
    import argcomplete

    return [*known_configs(), *argcomplete.FilesCompleter()(prefix)]


def overview() -> str:
    """All commands with one line each."""
    lines = [f'  {name:16s}{(command_module(name).__doc__ or "").splitlines()[0]}' for name in COMMANDS]
    return '\n'.join(['usage: mtkd COMMAND [options]', '', *lines, '',
                      'mtkd COMMAND --help shows the options of a command and examples.'])
