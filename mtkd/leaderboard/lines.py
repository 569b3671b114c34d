"""Files of records with one line of JSON each (``.jsonl``)."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from .. import atomic

ENDING = '.jsonl'
Record = TypeVar('Record')


def is_lines(path: Path) -> bool:
    """Whether a path is a file of lines."""
    return path.suffix.lower() == ENDING


def read_lines(path: Path, parse: Callable[[Any], Record]) -> Iterator[tuple[int, Record]]:
    """The records of a file with the number of their line; empty lines are skipped.

    Args:
        path: the file.
        parse: converts parsed JSON to a record, or raises a ValueError with the reason.

    Raises:
        ValueError: a line is invalid; the message names file and line.
    """
    with path.open('rb') as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                data = json.loads(line)
            except ValueError as error:
                raise ValueError(f'{path}:{number}: not complete JSON ({error}); correct or delete this line') from None
            try:
                yield number, parse(data)
            except ValueError as error:
                raise ValueError(f'{path}:{number}: {error}') from None


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of records in one step.

    Args:
        path: the file; its folder is created.
        records: in plain JSON types, without NaN.
    """
    lines = [json.dumps(record, ensure_ascii=False, allow_nan=False) for record in records]
    atomic.write_text(path, ''.join(f'{line}\n' for line in lines))


@contextmanager
def sole_writer(path: Path) -> Iterator[None]:
    """Acquire an exclusive lock on the folder of ``path`` (``flock``), waiting for other processes.

    On a file system without locks, this has no effect.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
