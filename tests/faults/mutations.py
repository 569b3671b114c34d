"""Wrong values for every key of a config, such as typing errors and misunderstandings."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

WRONG = (None, 3, -1, 0, 1e30, float('nan'), True, 'nonsense', [], [1], [None], ['nonsense'], {}, {'nonsense': 1})
MISSPELT = object()


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every dictionary, list and leaf, except the root."""
    if path:
        yield path
    if isinstance(node, Mapping):
        for key in node:
            yield from places(node[key], (*path, key))
    elif isinstance(node, list | tuple):
        for index, part in enumerate(node):
            yield from places(part, (*path, index))


def wrong_values(old: Any, path: tuple[Any, ...]) -> list[Any]:
    """The wrong values for a place; ``MISSPELT`` stands for its key with an additional letter."""
    found = [value for value in WRONG
             if not (type(value) is type(old) and (value == old or isinstance(value, str)))]
    return [*found, MISSPELT] if isinstance(path[-1], str) else found


@contextmanager
def wrong_at(node: Any, path: tuple[Any, ...], value: Any) -> Iterator[None]:
    """Temporarily replace a value in nested dictionaries and lists by a wrong one."""
    owner = at(node, path[:-1])
    key, old = path[-1], owner[path[-1]]
    if value is MISSPELT:
        del owner[key]
        key, value = f'{key}z', old
    owner[key] = value
    try:
        yield
    finally:
        if key != path[-1]:
            del owner[key]
        owner[path[-1]] = old


def at(node: Any, path: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for key in path:
        node = node[key]
    return node


def listed(node: Any) -> Any:
    """A copy of nested dictionaries, lists and tuples in which everything can be modified."""
    if isinstance(node, Mapping):
        return {key: listed(part) for key, part in node.items()}
    return [listed(part) for part in node] if isinstance(node, list | tuple) else node
