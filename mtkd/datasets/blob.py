"""Files that lie in memory: a column of a table, or a part of an archive, read by the readers of files."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Blob:
    """The content of a file that is none on the disk.

    Attributes:
        where: what a message calls it.
        suffix: what its name would end with, as in ``'.png'``; it says the format.
        content: the bytes.
        array: in place of bytes, an array that needs no decoding.
    """

    where: str
    suffix: str = ''
    content: bytes = b''
    array: np.ndarray | None = None

    def __str__(self) -> str:
        return self.where


Source = Path | Blob  # what a picture or a label map is read from


def opened(source: Source | str) -> Path | str | BytesIO:
    """What decoders take: the path itself, or a stream of the bytes in memory."""
    return BytesIO(source.content) if isinstance(source, Blob) else source


def suffix_of(source: Source | str) -> str:
    """The suffix, in small letters."""
    return (source.suffix if isinstance(source, Blob) else Path(source).suffix).lower()
