"""Finds the configs that come with mtkd, by path or name, and reads their headers.

Configs are parsed as text and nothing heavy is imported, so that an unknown name is reported at once.
"""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent


def _home() -> Path:
    """The checkout around the package or, where mtkd was installed from a wheel, ``mtkd/.mim``."""
    checkout = PACKAGE.parent
    return checkout if (checkout / 'configs').is_dir() and (checkout / 'tools').is_dir() else PACKAGE / '.mim'


HOME = _home()  # holds configs/, tools/ and requirements/


def command(name: str) -> tuple[str, ...]:
    """The arguments that start a command of mtkd in a new process of the same Python."""
    return (sys.executable, '-m', 'mtkd', name)


@dataclass(frozen=True)
class ConfigFacts:
    """Description of a config, read from its text.

    Attributes:
        name: path below ``configs/`` without the suffix.
        purpose: first line of the header.
        cost: the part of the header about cost and result.
        suite: leaderboard that its results belong to.
        method: row of the leaderboard.
        student: name of the network.
        data: name of the base config of the data set.
        teachers: names of the teachers' configs.
    """

    name: str
    purpose: str
    cost: str
    suite: str
    method: str
    student: str
    data: str
    teachers: tuple[str, ...]


def known_configs() -> dict[str, Path]:
    """Name -> file of every config that comes with mtkd; a name is, for example, ``kdam/swinT_from_swinL_nyud``."""
    root = HOME / 'configs'
    return {path.relative_to(root).with_suffix('').as_posix(): path for path in sorted(root.rglob('*.py'))
            if '_base_' not in path.parts}


def find_config(path: str | Path, beside: Path | None = None) -> Path:
    """Find a config file by path or name.

    Searched in this order: the path as given, the path relative to the folder of the config that refers to it, the path
    relative to mtkd's own folder (``configs/...``), and the names of :func:`known_configs`, with or without the suffix. The
    last part of a name is enough, since it is unique.

    Args:
        path: path or name of the config.
        beside: the config that refers to it, if any.

    Returns:
        The absolute path of the file.

    Raises:
        FileNotFoundError: there is no such config; the message lists similar names.
    """
    given = Path(path).expanduser()
    for place in (given, *([beside.parent / given] if beside else []), HOME / given):
        if place.is_file():
            return place.resolve()
    known = known_configs()
    name = given.as_posix().removeprefix('configs/').removesuffix('.py')
    by_stem = {Path(full).name: full for full in known}
    if name in known or name in by_stem:
        return known[by_stem.get(name, name)].resolve()
    near = [by_stem[stem] for stem in difflib.get_close_matches(Path(name).name, by_stem, n=3, cutoff=0.5)]
    hint = f"; did you mean {', '.join(near)}?" if near else '; mtkd configs lists all of them.'
    raise FileNotFoundError(f'there is no config {path}{hint}')


def matching_configs(pattern: str) -> list[str]:
    """The config files that match a pattern, in the working directory or, if none matches there, in mtkd's own folder.

    Args:
        pattern: a file, or a pattern as in :meth:`pathlib.Path.glob`.

    Returns:
        Absolute paths, sorted.

    Raises:
        ValueError: no file matches.
    """
    for base in (Path.cwd(), HOME):
        whole = base / pattern
        files = sorted(Path(whole.anchor).glob(str(whole.relative_to(whole.anchor))))
        if files:
            return [str(path.resolve()) for path in files]
    raise ValueError(f'there is no config {pattern}, neither here nor in {HOME}.')


def find_sweep(path: str | Path) -> Path:
    """Check that a sweep file exists, and return its path.

    Raises:
        FileNotFoundError: there is no such file; the message lists similar names in its folder.
    """
    path = Path(path)
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob('*.py')) if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.stem, known, n=3)
        raise FileNotFoundError(f'there is no sweep file {path}' + (f'; did you mean {", ".join(near)}?' if near else '.'))
    return path


def facts(path: Path, name: str) -> ConfigFacts:
    """The description of a config, including what it inherits from its bases; the file is parsed, not executed.

    Raises:
        OSError: the file or one of its bases cannot be read.
        SyntaxError: one of them is not valid Python.
        ValueError: its ``_base_`` is not a literal.
    """
    said = _constants(path)
    header = ast.get_docstring(_tree(path)) or ''
    sentences = ' '.join(header.split())
    cost = sentences[sentences.find('Cost'):] if 'Cost' in sentences else _sentence_with(sentences, ('not run', 'Not run'))
    bases = [base.stem for base in _bases(path) if base.parent.name == 'datasets']
    return ConfigFacts(name, header.split('\n')[0], cost, str(said.get('suite', '')), str(said.get('method', '')),
                       str(said.get('student', '')), bases[0] if bases else '', tuple(_teachers(path)))


def _sentence_with(text: str, words: tuple[str, ...]) -> str:
    return next((sentence.strip() for sentence in text.split('. ') if any(word in sentence for word in words)), '')


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding='utf-8'))


def _assigned(path: Path) -> Mapping[str, ast.expr]:
    """Top-level names of a config and the expressions assigned to them; ``a, b = 1, 2`` gives two."""
    found: dict[str, ast.expr] = {}
    for node in _tree(path).body:
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                found[target.id] = node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                found.update({name.id: value for name, value in zip(target.elts, node.value.elts, strict=True)
                              if isinstance(name, ast.Name)})
    return found


def _bases(path: Path) -> list[Path]:
    """The direct bases of a config, followed by the bases of each."""
    node = _assigned(path).get('_base_')
    given = ast.literal_eval(node) if node is not None else []
    direct = [(path.parent / base).resolve() for base in ([given] if isinstance(given, str) else given)]
    return [*direct, *(deeper for base in direct for deeper in _bases(base))]


def _constants(path: Path) -> dict[str, Any]:
    """Top-level constants of a config and its bases."""
    values: dict[str, Any] = {}
    for file in reversed([path, *_bases(path)]):
        values.update({name: node.value for name, node in _assigned(file).items() if isinstance(node, ast.Constant)})
    return values


def _teachers(path: Path) -> list[str]:
    """The teachers' configs in the first file, of the config and its bases, that has any."""
    for file in (path, *_bases(path)):
        given = [node for node in ast.walk(_tree(file)) if isinstance(node, ast.keyword)]
        calls = [node for node in given if node.arg in ('teachers', 'experts')]
        named = [part.value for call in calls for part in ast.walk(call.value)
                 if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.startswith('configs/')]
        if named:
            return [name.removeprefix('configs/').removesuffix('.py') for name in dict.fromkeys(named)]
    return []
