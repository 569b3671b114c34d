"""Options with dotted keys: their form on a command line, and a digest for folder names."""

import argparse
import hashlib
from collections.abc import Mapping
from typing import Any

from mmengine.config import DictAction


def argument(key: str, value: Any) -> str:
    """Format an option as ``key=value`` for ``--cfg-options``.

    Raises:
        ValueError: the value cannot be given on a command line: a dictionary, or a string that contains spaces or commas or
            looks like a number.
    """
    text = f'{key}={_typed(value)}'
    parser = argparse.ArgumentParser()
    parser.add_argument('--o', nargs='+', action=DictAction, default={})
    try:
        read = parser.parse_args([f'--o={text}']).o.get(key)
    except (AssertionError, ValueError):
        read = None if value is not None else ''
    if repr(read) != repr(value):
        raise ValueError(f'the value {value!r} of {key} cannot be given on a command line, where it is read as {read!r}: '
                         f'set its parts by dotted keys, or write a config with this value.')
    return text


def _typed(value: Any) -> str:
    if isinstance(value, list):
        return '[' + ','.join(map(_typed, value)) + ']'
    if isinstance(value, tuple):
        return '(' + ','.join(map(_typed, value)) + ')'
    return str(value)


def digest(options: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits that identify a set of options, independent of their order."""
    text = repr(sorted((key, _plain(value)) for key, value in options.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _plain(value: Any) -> Any:
    """A value with tuples replaced by lists, as in the identity of a checkpoint."""
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
