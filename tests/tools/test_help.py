"""Every tool says what it is for, shows a command that exists, explains its options (read, not run: imports are slow)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = sorted((ROOT / 'tools').glob('*.py'))
SHARED = ROOT / 'mtkd' / 'engine' / 'cli.py'


def constants(node: ast.AST) -> str:
    return '\n'.join(part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str))


def options(path: Path) -> dict[str, ast.Call]:
    """Each argument of a tool and the call that adds it."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {call.args[0].value: call for call in calls if isinstance(call.func, ast.Attribute)
            and call.func.attr == 'add_argument'}


@pytest.mark.parametrize('path', TOOLS, ids=lambda path: path.stem)
def test_purpose_and_example(path):
    tree = ast.parse(path.read_text())
    purpose = ast.get_docstring(tree).split('\n\n')[0]
    assert purpose.endswith('.') and '\n' not in purpose and 'description=__doc__' in path.read_text()
    shown = constants(tree)
    assert f'python tools/{path.name}' in shown
    for config in re.findall(r'configs/[\w/]+\.py', shown):
        assert (ROOT / config).is_file(), f'{path.name} names {config}, which is not there'


@pytest.mark.parametrize('path', [*TOOLS, SHARED], ids=lambda path: path.stem)
def test_every_option_is_explained(path):
    for name, call in options(path).items():
        given = {word.arg: word.value for word in call.keywords}
        assert 'help' in given, f'{path.name} {name}'
        if isinstance(given['help'], ast.Attribute):
            assert given['help'].attr == 'SUPPRESS'
            continue
        default = given.get('default')
        if name.startswith('-') and isinstance(default, ast.Constant) and default.value not in ('', None):
            assert 'default' in constants(given['help']), f'{path.name} {name}: its help does not say its default'
            value = f'{default.value:g}' if isinstance(default.value, float) else str(default.value)
            assert value in constants(given['help']), f'{path.name} {name}: the default is {default.value}'


def test_the_examples_options_exist():
    """Options in a tool's own examples are ones it has."""
    for path in TOOLS:
        known = {*options(path), *(options(SHARED) if 'job_arguments' in path.read_text() else {}), '--help',
                 '--nproc-per-node'}
        for line in constants(ast.parse(path.read_text())).splitlines():
            if f'python tools/{path.name}' in line or f' tools/{path.name}' in line:
                assert set(re.findall(r'(?<=\s)--[a-z-]+', line)) <= known, f'{path.name}: {line}'
