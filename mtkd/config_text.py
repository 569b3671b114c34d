"""Finds errors in the text of a config before anything heavy is imported: syntax errors, missing bases, unknown options.

Configs are parsed, not executed. An option is rejected here only if the text of the config, and of the class that receives
it, shows that nothing reads it. :mod:`mtkd.engine.config` checks the rest when it runs the config.
"""

from __future__ import annotations

import ast
import difflib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .config_files import PACKAGE, find_config

OPEN = object()  # a value that is known only when the config is executed
_BUILT_AS = {'distiller': 'Distiller', 'finite': 'FiniteHook', 'balance': 'WeightedSum', 'data_preprocessor': 'Preprocessor',
             'neck': 'ConcatNeck', 'teacher_cache': 'TeacherCacheHook'}  # key of a dictionary without a type -> its class
_PLAIN = {'object', 'ABC', 'Module', 'Dataset', 'Generic', 'Protocol'}  # bases without arguments of their own
_SEARCHED = (('torch', 'optim'), ('mmengine', 'hooks'), ('mmengine', 'optim'), ('mmengine', 'visualization'),
             ('mmengine', 'runner'), ('mmengine', 'model'))  # folders of other packages whose classes configs name


def check(path: Path, options: Mapping[str, Any]) -> None:
    """Check a config's syntax, that its bases exist, and that its options have keys that something reads.

    Args:
        path: the config.
        options: dotted key -> value.

    Raises:
        ValueError: one of these checks fails; for an unknown key, the message lists similar keys.
        FileNotFoundError: a base given as ``mtkd::name`` does not exist.
    """
    _check_syntax(path)
    if not options:
        return
    config = _read(path)
    for key in options:
        _check_key(config, key)


def check_sweep(path: Path, options: Mapping[str, Any]) -> None:
    """Check the syntax and bases of a sweep file, and each of its configs with :func:`check`.

    Args:
        path: the sweep file.
        options: dotted key -> value, for all runs of the sweep.

    Raises:
        FileNotFoundError: one of its configs does not exist.
        ValueError: one of the checks fails.
    """
    _check_syntax(path, what='a sweep file')
    said = _read(path) if path.suffix == '.py' else OPEN
    if not isinstance(said, dict):
        return
    grid, points = said.get('grid'), said.get('points')
    swept = grid.get('config') if isinstance(grid, dict) else None
    each = [point.get('config') for point in points if isinstance(point, dict)] if isinstance(points, list) else []
    for name in [said.get('config'), *(swept if isinstance(swept, list) else []), *each]:
        if isinstance(name, str) and name:
            check(find_config(name, path), options)


def _check_syntax(path: Path, heirs: tuple[Path, ...] = (), what: str = 'a config') -> None:
    if path.suffix != '.py':
        return  # the code that reads the file rejects it with its own message
    if path in heirs:
        raise ValueError(f'{path} cannot be read as {what}: it inherits from itself.')
    try:
        _tree(path)
    except SyntaxError as error:
        raise ValueError(f'{path} cannot be read as {what}: SyntaxError: line {error.lineno}: {error.msg}'
                         + (f': {error.text.strip()}' if error.text else '')) from None
    except ValueError as error:  # not UTF-8, or null bytes
        raise ValueError(f'{path} cannot be read as {what}: {type(error).__name__}: {error}') from None
    for base in _bases(path):
        if not base.is_file():
            raise ValueError(f'{path} cannot be read as {what}: its base {base} does not exist.')
        _check_syntax(base, (*heirs, path), what)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding='utf-8'), str(path))


def _bases(path: Path) -> list[Path]:
    """The files that a config inherits from directly; empty if ``_base_`` is not a literal."""
    given: Any = None
    for node in _tree(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == '_base_' for t in node.targets):
            try:
                given = ast.literal_eval(node.value)
            except ValueError:
                return []
    names = [given] if isinstance(given, str) else given or []
    found = []
    for name in names:
        if not isinstance(name, str) or ('::' in name and not name.startswith('mtkd::')):
            continue
        found.append(find_config(name.removeprefix('mtkd::')) if '::' in name else (path.parent / name).resolve())
    return found


def _read(path: Path) -> Any:
    """A config merged with its bases, as dictionaries, lists and values; :data:`OPEN` where the text does not give them."""
    if path.suffix != '.py':
        return OPEN
    merged: Any = {}
    for base in _bases(path):
        merged = _merged(merged, _read(base))
    return _merged(merged, _own(path))


def _own(path: Path) -> Any:
    """The top-level names of one file; OPEN if the file does more than assign names."""
    names: dict[str, Any] = {}
    for node in _tree(path).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update({(alias.asname or alias.name).partition('.')[0]: OPEN for alias in node.names})
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    names[target.id] = _value(node.value, names)
                elif isinstance(target, ast.Tuple) and all(isinstance(part, ast.Name) for part in target.elts):
                    values = node.value.elts if isinstance(node.value, ast.Tuple) else []
                    for i, part in enumerate(target.elts):
                        names[part.id] = _value(values[i], names) if i < len(values) else OPEN  # type: ignore[attr-defined]
                else:
                    return OPEN
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return OPEN
    return names


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return names.get(node.id, OPEN)
    if isinstance(node, ast.List | ast.Tuple):
        values = [_value(part, names) for part in node.elts]
        return OPEN if any(isinstance(part, ast.Starred) for part in node.elts) else values
    if isinstance(node, ast.Dict):
        return _dictionary(((key.value if isinstance(key, ast.Constant) else OPEN if key is not None else None, value)
                            for key, value in zip(node.keys, node.values, strict=True)), names)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args:
        return _dictionary(((word.arg, word.value) for word in node.keywords), names)
    return OPEN


def _dictionary(pairs: Iterator[tuple[Any, ast.expr]], names: Mapping[str, Any]) -> Any:
    """A dictionary from pairs of key and value; the key None stands for ``**value``."""
    found: dict[str, Any] = {}
    for key, node in pairs:
        value = _value(node, names)
        if key is OPEN or (key is None and not isinstance(value, dict)):
            return OPEN
        found.update(value if key is None else {key: value})
    return found


def _merged(base: Any, own: Any) -> Any:
    """A dictionary merged into the one it inherits from, by MMEngine's rules."""
    if own is OPEN or not isinstance(own, dict):
        return own
    if own.get('_delete_'):
        return {key: value for key, value in own.items() if key != '_delete_'}
    if base is OPEN or isinstance(base, list):
        return OPEN
    if not isinstance(base, dict):
        return own
    return {**base, **{key: _merged(base[key], value) if key in base else value for key, value in own.items()}}


def _check_key(config: Any, key: str) -> None:
    """Raise if a dotted key neither exists in a config nor can be an argument of the class it leads to."""
    node, parts = config, key.split('.')
    if parts[0] in declared('OPTION_PREFIXES'):  # an option for another config
        return
    foreign = isinstance(config, dict) and bool(config.get('custom_imports'))  # may add classes and keys
    for depth, part in enumerate(parts):
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
            continue
        if not isinstance(node, dict):
            return
        if part in node:
            node = node[part]
            continue
        known = _known(node, parts[:depth], foreign)
        if known is None or part in known:
            return
        near = difflib.get_close_matches(part, known, n=3, cutoff=0.4)
        raise ValueError(f"--cfg-options {key}: {'.'.join(parts[:depth]) or 'the config'} has no '{part}'"
                         + (f'; nearest: {", ".join(near)}.' if near else f'; it has {", ".join(sorted(known))}.'))


def top_level() -> frozenset[str]:
    """The keys allowed at the top of every config: the arguments of MMEngine's Runner and all ``CONFIG_KEYS`` of mtkd."""
    return frozenset((arguments_of('Runner') or set()) - {'cfg'}) | declared('CONFIG_KEYS')


@cache
def declared(name: str) -> frozenset[str]:
    """All strings in the tuples that modules of mtkd assign to a name, read from their source.

    A module that reads a top-level key of a config declares it in ``CONFIG_KEYS``. A module that takes options for other
    configs declares the first part of their keys in ``OPTION_PREFIXES``.
    """
    found: set[str] = set()
    for file in PACKAGE.rglob('*.py'):
        for text in re.findall(rf'^{name} = (\(.*?\))', file.read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL):
            found.update(ast.literal_eval(text))
    return frozenset(found)


def _known(node: Mapping[str, Any], path: list[str], foreign: bool) -> set[str] | None:
    """The keys that a dictionary may have; None if unknown."""
    keys = {key for key in node if isinstance(key, str)}
    if not path:
        return None if foreign else keys | top_level() | declared('OPTION_PREFIXES')
    if path == ['default_hooks']:
        keys.add('finite')
    name = built_as(node, path)
    if not name:
        return keys
    arguments = None if foreign or not isinstance(name, str) else arguments_of(name)
    return None if arguments is None else keys | arguments


def built_as(node: Mapping[str, Any], path: list[str]) -> Any:
    """The class built from a dictionary in a config: its ``type``, or the default for its place; '' if there is none.

    Args:
        node: the dictionary.
        path: the keys that lead to it.
    """
    by_place = 'MultiTaskModel' if path == ['model'] else _BUILT_AS.get(path[-1] if path else '', '')
    return node.get('type') or ('MultiTaskTeacher' if path[-2:-1] == ['teachers'] else by_place)


def arguments_of(name: str, near: Path = PACKAGE) -> set[str] | None:
    """The argument names of a class and its bases, or of a function, read from their source.

    Args:
        name: name of the class or function.
        near: file that uses the name; among several definitions, the one in the same package is taken.

    Returns:
        The names, or None if there is no definition or more than one, if the class is a dataclass, or if one of its bases
        is not found.
    """
    found = _definitions().get(name, [])
    beside = [file for file in found if _package(file) == _package(near)]
    file = (beside or found)[0] if len(beside or found) == 1 else None
    if file is None:
        return None
    node = next((node for node in ast.walk(_tree(file)) if isinstance(node, ast.ClassDef | ast.FunctionDef)
                 and node.name == name), None)
    if isinstance(node, ast.FunctionDef):
        return _parameters(node)
    if node is None or any('dataclass' in ast.unparse(part) for part in node.decorator_list):
        return None
    inits = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == '__init__']
    arguments = _parameters(inits[-1]) - {'self'} if inits else set()
    for base in node.bases:
        short = ast.unparse(base).partition('[')[0].rpartition('.')[2]
        inherited = set() if short in _PLAIN else arguments_of(short, file)
        if inherited is None:
            return None
        arguments |= inherited
    return arguments


def _package(place: Path) -> str:
    """The searched package that a file belongs to; '' if none."""
    if place.is_relative_to(PACKAGE):
        return 'mtkd'
    return next((package for package, _ in _SEARCHED if package in place.parts), '')


def _parameters(function: ast.FunctionDef) -> set[str]:
    return {part.arg for part in (*function.args.args, *function.args.kwonlyargs)}


@cache
def _definitions() -> dict[str, list[Path]]:
    """Name -> files that define a class or function of that name at module level."""
    folders = [PACKAGE]
    for package, folder in _SEARCHED:
        spec = importlib.util.find_spec(package)  # does not import the package, as its name has no dot
        folders += [Path(place) / folder for place in (spec.submodule_search_locations or [] if spec else [])]
    found: dict[str, list[Path]] = {}
    for file in (file for folder in folders for file in folder.rglob('*.py')):
        for name in re.findall(r'^(?:class|def) (\w+)', file.read_text(encoding='utf-8', errors='replace'), re.MULTILINE):
            found.setdefault(name, []).append(file)
    return found
