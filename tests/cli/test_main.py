"""Every command states its purpose, shows existing commands, explains its options, and responds before torch is imported."""

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mtkd import __version__
from mtkd.cli.main import COMMANDS, TOOLS, build_parser, command_module, main

ROOT = Path(__file__).resolve().parents[2]


def parser_of(command: str, called: str | None = None) -> argparse.ArgumentParser:
    return build_parser(command_module(command), called or f'mtkd {command}')


def options(command: str) -> set[str]:
    """The options of a command."""
    return {name for action in parser_of(command)._actions for name in action.option_strings}


@pytest.mark.parametrize('command', COMMANDS)
def test_purpose_and_examples(command):
    module = command_module(command)
    purpose = module.__doc__.split('\n\n')[0]
    assert purpose.endswith('.') and '\n' not in purpose and f'mtkd {command}' in module.EXAMPLE
    if command in TOOLS:
        assert 'mtkd ' not in parser_of(command, f'python tools/{TOOLS[command]}.py').epilog.replace('mtkd needs', '')
    for config in re.findall(r'configs/[\w/]+\.py', module.EXAMPLE):
        assert (ROOT / config).is_file(), f'{command} names {config}, which does not exist'
    for line in module.EXAMPLE.splitlines():
        for name, rest in re.findall(r'mtkd ([\w-]+)( .*)?', line):
            if name in COMMANDS:
                assert set(re.findall(r'(?<=\s)--[a-z-]+', rest)) <= options(name), line


@pytest.mark.parametrize('command', COMMANDS)
def test_every_option_is_explained_with_its_default(command):
    for action in parser_of(command)._actions:
        assert action.help, f'{command} {action.dest}'
        shown = action.option_strings and argparse.SUPPRESS not in (action.help, action.default)
        if shown and isinstance(action.default, (int, float, str, Path)) and action.default not in ('', False):
            value = f'{action.default:g}' if isinstance(action.default, float) else str(action.default)
            said = action.help.replace('%(default)s', value)
            assert 'default' in said and value in said, f'{command} {action.dest}'


def test_the_overview_names_every_command(capsys):
    assert main(['--help']) == 0
    out = capsys.readouterr().out
    assert all(re.search(rf'^  {command} +[A-Z]', out, re.MULTILINE) for command in COMMANDS)
    assert main([]) == 2
    assert main(['--version']) == 0 and capsys.readouterr().out.endswith(f'mtkd {__version__}\n')


def test_an_unknown_command_names_the_nearest(capsys):
    assert main(['trian']) == 2
    assert "no command 'trian'; did you mean train" in capsys.readouterr().err
    assert main(['xyz']) == 2
    assert 'it has browse, cache' in capsys.readouterr().err


def test_help_and_a_misspelt_option_import_nothing_heavy():
    """All commands in one process: neither PyTorch nor another slow package is imported."""
    code = f'''
import contextlib, io, sys
from mtkd.cli.main import main
for command in {[*TOOLS]!r}:
    for arguments in (['--help'], ['--no-such-option']):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                main([command, *arguments])
            except SystemExit as stop:
                assert stop.code in (0, 2)
heavy = {{'torch', 'numpy', 'mmengine', 'scipy', 'matplotlib', 'cv2', 'rich'}}
print(*({{name.split('.')[0] for name in sys.modules}} & heavy))
'''
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0 and done.stdout.split() == [], done.stdout + done.stderr


@pytest.mark.parametrize('command', TOOLS)
def test_the_door_in_tools_is_the_same_command(command):
    text = (ROOT / 'tools' / f'{TOOLS[command]}.py').read_text()
    assert f"main(['{command}', *sys.argv[1:]], 'python tools/{TOOLS[command]}.py')" in text
    assert sorted(TOOLS.values()) == sorted(path.stem for path in (ROOT / 'tools').glob('*.py'))


def test_help_shows_the_command_as_it_was_called(capsys):
    for called, first in (('python tools/train.py', 'python tools/train.py configs'), (None, 'mtkd train configs')):
        with pytest.raises(SystemExit) as stop:
            main(['train', '--help'], called)
        assert stop.value.code == 0 and first in capsys.readouterr().out
    assert 'torchrun --nproc-per-node 2 tools/train.py' in parser_of('train', 'python tools/train.py').epilog
    assert shlex.split(parser_of('train').epilog.splitlines()[-1])[3:6] == ['-m', 'mtkd', 'train']
