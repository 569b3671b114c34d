"""The rules that ``ARCHITECTURE.md`` states about the source tree, checked on the syntax trees: nothing is imported here."""

import ast
import graphlib
import sys
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / 'mtkd').rglob('*.py'))

F0 = {'atomic', 'registry', 'frame', 'late_imports', 'lazy', 'structures', 'plot_style', 'config_files', 'config_text',
      'forked'}
F1 = {'losses', 'metrics', 'balance'}
F5 = {'tasks', 'datasets', 'models', 'distill', 'engine', 'leaderboard'}  # and the floors between
MAY_IMPORT = {  # imports only go down, never to the same floor
    'frame': {'registry'}, 'late_imports': set(), 'lazy': set(), 'atomic': set(), 'registry': set(),
    'structures': {'atomic'}, 'plot_style': set(), 'config_files': set(), 'config_text': {'config_files'},
    'forked': {'config_files'},
    'losses': F0, 'metrics': F0, 'balance': F0,
    'tasks': F0 | {'losses', 'metrics'}, 'datasets': F0,
    'models': F0 | F1 | {'tasks'},
    'distill': F0 | F1 | {'tasks', 'models'},
    'engine': F0 | F1 | {'tasks', 'datasets', 'models', 'distill'},
    'leaderboard': F0 | F1 | {'tasks', 'datasets', 'models', 'distill'},
    'deploy': F0 | F1 | F5, 'prerequisites': F0 | F1 | F5,
    'studies': F0 | F1 | F5 | {'deploy', 'prerequisites'},
    'cli': F0 | F1 | F5 | {'deploy', 'prerequisites', 'studies'},
    '__main__': {'cli'}}
MMENGINE = ('mtkd/frame.py', 'mtkd/models/model.py', 'mtkd/models/preprocess.py', 'mtkd/datasets/', 'mtkd/engine/',
            'mtkd/prerequisites/', 'mtkd/deploy/', 'mtkd/studies/', 'mtkd/cli/')
ABOVE = {'tools', 'configs', 'projects', 'tests', 'benchmarks'}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    return '.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')


MODULES = {module_of(path) for path in SOURCES}


@lru_cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(path: Path, inside: ast.AST | None = None) -> Iterator[str]:
    """Absolute names of everything that a file (or a node) imports; ``from a import b`` is a.b if that is a module."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(inside or tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[:len(package) + 1 - node.level] if node.level else []
            origin = '.'.join([*base, *([node.module] if node.module else [])])
            yield from (f'{origin}.{alias.name}' if f'{origin}.{alias.name}' in MODULES else origin for alias in node.names)


def ours(path: Path, inside: ast.AST | None = None) -> list[str]:
    return [name for name in imports(path, inside) if name.split('.')[0] == 'mtkd']


def package_of(module: str) -> str:
    return [*module.split('.'), ''][1]


def test_the_reader_sees_every_form_of_import(tmp_path, monkeypatch):
    path = tmp_path / 'mtkd' / 'tasks' / 'x.py'
    path.parent.mkdir(parents=True)
    path.write_text('import mtkd.engine\nfrom ..models import Net\nfrom .. import losses\nfrom . import draw\n'
                    'from mtkd import tasks\ndef f():\n    from ..losses.base import unit\n')
    monkeypatch.setitem(globals(), 'ROOT', tmp_path)
    assert list(imports(path)) == ['mtkd.engine', 'mtkd.models', 'mtkd.losses', 'mtkd.tasks.draw', 'mtkd.tasks',
                                   'mtkd.losses.base']


def test_every_package_has_a_floor():
    packages = {module.split('.')[1] for module in MODULES if module != 'mtkd'}
    assert packages <= set(MAY_IMPORT), 'give the new package a floor in ARCHITECTURE.md and here'


def test_an_edge_goes_down_only():
    wrong = []
    for path in SOURCES:
        package = package_of(module_of(path))
        allowed = MAY_IMPORT.get(package, {'late_imports'}) | {package, ''}  # '' is mtkd itself, the version
        wrong += [f'{relative(path)} imports {name}' for name in ours(path) if package_of(name) not in allowed]
    assert not wrong, '\n'.join(wrong)


def test_nothing_above_is_imported():
    wrong = [f'{relative(path)} imports {name}' for path in SOURCES for name in imports(path)
             if name.split('.')[0] in ABOVE]
    assert not wrong, '\n'.join(wrong)


def test_mtkd_is_imported_at_the_top_of_a_file():
    """Except in commands, whose ``run`` imports what it needs after the options are parsed."""
    wrong = []
    for path in SOURCES:
        if 'cli' in path.parts:
            continue
        functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        wrong += [f'{relative(path)}: {function.name}() imports {name}' for function in functions
                  for name in ours(path, function)]
    assert not wrong, '\n'.join(wrong)


def test_a_command_imports_nothing_heavy_before_its_options_are_parsed():
    wrong = []
    for path in (ROOT / 'mtkd' / 'cli').glob('*.py'):
        late = [node for node in tree(path).body if isinstance(node, ast.FunctionDef)
                and node.name in ('run', 'complete')]
        allowed = {*sys.stdlib_module_names, *(name for node in late for name in imports(path, node))}
        wrong += [f'{relative(path)} imports {name}' for name in imports(path)
                  if not {name, name.split('.')[0]} & allowed
                  and package_of(name) not in ('cli', '', 'config_files', 'config_text')]
    assert not wrong, '\n'.join(wrong)


def test_mmengine_is_imported_at_its_doors_only():
    wrong = [relative(path) for path in SOURCES if not relative(path).startswith(MMENGINE)
             and any(name.split('.')[0] in ('mmengine', 'mmcv') for name in imports(path))]
    assert not wrong, '\n'.join(wrong)


def acyclic(graph: dict[str, set[str]]) -> None:
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(' <- '.join(error.args[1]))


def test_no_file_is_in_a_cycle():
    """Imports for type checkers count as well."""
    acyclic({module_of(path): set(ours(path)) - {module_of(path)} for path in SOURCES})


def test_no_package_is_in_a_cycle():
    """Packages of all levels: if `a.b` imports `a.c` and `a.c` imports `a.b`, they form a cycle."""
    packages = {module_of(path.parent / '__init__.py') for path in SOURCES}

    def home(name: str) -> str:
        return name if name in packages else name.rpartition('.')[0]

    graph: dict[str, set[str]] = {}
    for path in SOURCES:
        here = home(module_of(path))
        others = {home(name) for name in ours(path) if path.name != '__init__.py'}
        graph.setdefault(here, set()).update(p for p in others if p != here and not here.startswith(f'{p}.')
                                             and not p.startswith(f'{here}.'))
    acyclic(graph)


def test_every_source_file_has_its_test():
    missing = []
    for path in SOURCES:
        if path.name != '__init__.py':
            mirrored = ROOT / 'tests' / path.relative_to(ROOT / 'mtkd').with_name(f'test_{path.name}')
            if not mirrored.is_file():
                missing.append(f'{relative(path)} has no {relative(mirrored)}')
    assert not missing, '\n'.join(missing)


def test_every_folder_is_a_package():
    folders = {path.parent for tree in ('mtkd', 'tests') for path in (ROOT / tree).rglob('*.py')}
    assert not [relative(folder) for folder in folders if not (folder / '__init__.py').is_file()]


def test_packages_are_named_after_what_they_hold():
    vague = {'utils', 'util', 'core', 'common', 'misc', 'helpers'}
    assert not [relative(path) for path in SOURCES if vague & set(path.relative_to(ROOT).with_suffix('').parts)]


def test_at_most_three_levels():
    assert not [relative(path) for path in SOURCES if len(path.relative_to(ROOT).parent.parts) > 3]


def test_nothing_is_left_to_do():
    mark = 'TO' + 'DO'
    trees = ('mtkd', 'tools', 'configs', 'projects', 'benchmarks', 'tests')
    assert not [relative(path) for tree in trees for path in (ROOT / tree).rglob('*.py') if mark in path.read_text()]


def test_config_names_are_unique():
    """Work dirs are named after the stem of a config."""
    stems = Counter(path.stem for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts)
    assert stems, 'there are no configs'
    assert not [stem for stem, times in stems.items() if times > 1]
