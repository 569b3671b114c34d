"""Files in memory (from a column of a table, or a part of an archive), for the readers of files."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Blob:
    """The content of a file that is not on disk.

    Attributes:
        where: its name in messages.
        suffix: the suffix of its format, as in ``'.png'``.
        content: the bytes.
        array: instead of bytes, an array that needs no decoding.
    """

    where: str
    suffix: str = ''
    content: bytes = b''
    array: np.ndarray | None = None

    def __str__(self) -> str:
        return self.where


Source = Path | Blob  # what an image or a label map is read from


def opened(source: Source | str) -> Path | str | BytesIO:
    """The input of a decoder: the path itself, or a stream of the bytes in memory."""
    return BytesIO(source.content) if isinstance(source, Blob) else source


def suffix_of(source: Source | str) -> str:
    """The suffix, in lower case."""
    return (source.suffix if isinstance(source, Blob) else Path(source).suffix).lower()
