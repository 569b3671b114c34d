"""Dotted options as a command line spells them, and the folder of a run that was made with some."""

import argparse
import hashlib
from collections.abc import Mapping
from typing import Any

from mmengine.config import DictAction


def argument(key: str, value: Any) -> str:
    """``key=value`` as ``--cfg-options`` reads it.

    Raises:
        ValueError: what is read there would not be the value (dictionaries; strings with blanks, commas, or that look
            like numbers).
    """
    text = f'{key}={_typed(value)}'
    parser = argparse.ArgumentParser()
    parser.add_argument('--o', nargs='+', action=DictAction, default={})
    try:
        read = parser.parse_args([f'--o={text}']).o.get(key)
    except (AssertionError, ValueError):
        read = None if value is not None else ''
    if repr(read) != repr(value):
        raise ValueError(f'the value {value!r} of {key} cannot be given on a command line, which reads {read!r}: give its '
                         f'parts by their dotted keys, or write a config of your own with it.')
    return text


def _typed(value: Any) -> str:
    if isinstance(value, list):
        return '[' + ','.join(map(_typed, value)) + ']'
    if isinstance(value, tuple):
        return '(' + ','.join(map(_typed, value)) + ')'
    return str(value)


def digest(options: Mapping[str, Any]) -> str:
    """Eight hexadecimal digits that tell sets of options apart, whatever their order."""
    text = repr(sorted((key, _plain(value)) for key, value in options.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _plain(value: Any) -> Any:
    """A value as it counts: lists and tuples alike, as in a checkpoint's identity."""
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
