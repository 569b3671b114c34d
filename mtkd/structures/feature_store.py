"""A file format for features: fixed-size rows with all taps of one sample, read through a memory map.

A store is a folder::

    header.json   the key (what the store was made from), the taps' shapes, the number of rows, the precision
    rows.bin      the rows, one after the other; within a row, the taps one after the other, without padding
    written       the number of complete rows, in decimal, and a checksum (CRC-32) of each block of rows, one per line;
                  rewritten (by renaming) after the rows are on disk

A process killed at any moment loses at most the rows since the last :meth:`FeatureStore.commit`; writing continues there.
Opening a store checks the blocks of a small one, and evenly spaced ones of a large one; :meth:`FeatureStore.verify` checks
all of them.
"""

import json
import math
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import FULL, DiskFull, size_text, write_text

VERSION = 2
DTYPES = ('float16', 'float32')
HEADER, ROWS, WRITTEN = 'header.json', 'rows.bin', 'written'
BLOCK_BYTES = 4 * 2 ** 20  # approximate size of the rows of one checksum
CHECKED_ON_OPENING = 32  # blocks; 128 MiB, read in about a tenth of a second


class FeatureStore:
    """An open store; see the module. It is reopened when unpickled.

    Args:
        folder: an existing store.
        check: compare the checksums of up to :data:`CHECKED_ON_OPENING` blocks.

    Raises:
        FileNotFoundError: the store does not exist.
        ValueError: it is damaged, or of a version that this code does not support.

    Attributes:
        key: what it was made from, as passed to :meth:`create`.
        shapes: tap -> its shape without the sample axis.
        num_rows: number of rows of the complete store.
        written: number of rows written so far.
    """

    def __init__(self, folder: str | Path, check: bool = True) -> None:
        self.folder = Path(folder)
        if not (self.folder / HEADER).is_file():
            raise FileNotFoundError(f'there is no feature store in {self.folder}.')
        try:
            header = json.loads((self.folder / HEADER).read_text())
            version = header['version']
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{self.folder / HEADER} is damaged ({error}): delete the folder.') from error
        if version != VERSION:
            raise ValueError(f'{self.folder} is a feature store of version {version}, this code reads version {VERSION}: '
                             f'delete the folder.')
        self.key: dict[str, Any] = header['key']
        self.shapes: dict[str, tuple[int, ...]] = {tap: tuple(shape) for tap, shape in header['taps'].items()}
        self.num_rows: int = header['num_rows']
        self.dtype = np.dtype(header['dtype'])
        self._parts = _parts(self.shapes)
        self._map: np.ndarray | None = None
        self.written, self._sums = self._count()
        if check:
            self.verify(CHECKED_ON_OPENING)

    @classmethod
    def create(cls, folder: str | Path, key: Mapping[str, Any], shapes: Mapping[str, Sequence[int]], num_rows: int,
               dtype: str = 'float16') -> 'FeatureStore':
        """Create a store in a folder, replacing its contents.

        Args:
            folder: the folder; created if necessary.
            key: what the features are made from; plain values.
            shapes: tap -> its shape without the sample axis.
            num_rows: number of rows of the complete store.
            dtype: ``'float16'`` or ``'float32'``.

        Raises:
            ValueError: an unknown ``dtype``, no taps or no rows.
        """
        if dtype not in DTYPES or not shapes or num_rows < 1:
            raise ValueError(f'a feature store needs taps, rows and one of {", ".join(DTYPES)}; it was given '
                             f'{len(shapes)} taps, {num_rows} rows and {dtype}.')
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (HEADER, WRITTEN, ROWS):  # the header first: without it the folder is no store
            (folder / name).unlink(missing_ok=True)
        (folder / ROWS).touch()
        write_text(folder / WRITTEN, '0\n')
        write_text(folder / HEADER, json.dumps({
            'version': VERSION, 'key': dict(key), 'dtype': dtype, 'num_rows': num_rows,
            'taps': {tap: list(shape) for tap, shape in shapes.items()}}, indent=1))
        return cls(folder)

    def __reduce__(self) -> tuple[type['FeatureStore'], tuple[Path, bool]]:
        return FeatureStore, (self.folder, False)

    @property
    def row_bytes(self) -> int:
        """Size of one row in bytes."""
        return sum(math.prod(shape) for shape in self.shapes.values()) * self.dtype.itemsize

    @property
    def promised_bytes(self) -> int:
        """Total size of the files of the complete store in bytes."""
        return (self.row_bytes * self.num_rows + (self.folder / HEADER).stat().st_size
                + len(_written_text(self.num_rows, [0] * -(-self.num_rows // self.block_rows))))

    @property
    def block_rows(self) -> int:
        """Number of rows per checksum."""
        return max(BLOCK_BYTES // self.row_bytes, 1)

    @property
    def complete(self) -> bool:
        """Whether all rows are written."""
        return self.written == self.num_rows

    def append(self, taps: Mapping[str, np.ndarray]) -> None:
        """Append rows; they become valid with the next :meth:`commit`.

        Args:
            taps: tap -> (n, ...) numbers.

        Raises:
            ValueError: a tap has another shape than the store's, or a value that its precision cannot hold.
        """
        number = len(next(iter(taps.values())))
        rows: np.ndarray = np.empty((number, self.row_bytes // self.dtype.itemsize), self.dtype)
        for tap, (part, shape) in self._parts.items():
            if taps[tap].shape != (number, *shape):
                raise ValueError(f"tap '{tap}' is {taps[tap].shape[1:]}, in the store {self.folder} it is {shape}: every "
                                 f'image must give features of the same size.')
            with np.errstate(over='ignore'):
                rows[:, part] = taps[tap].reshape(number, -1)
            if not np.isfinite(rows[:, part]).all():
                raise ValueError(f"tap '{tap}' holds values that are not finite in {self.dtype}: store float32, or check "
                                 f'the network.')
        first, content = self.written + self._pending, rows.tobytes()
        try:
            with (self.folder / ROWS).open('r+b') as file:
                file.seek(first * self.row_bytes)
                file.write(content)
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise DiskFull(error.errno, f'{self.folder / ROWS} was not written on: it needs another '
                           f'{size_text((self.num_rows - first) * self.row_bytes)}. Make room there or give another folder; '
                           f'the {self.written} rows of {self.num_rows} that are written are kept.') from error
        self._sum_up(first, content)
        self._pending += number

    _pending = 0

    def _sum_up(self, first: int, content: bytes) -> None:
        """Update the checksums of the blocks with the rows from number ``first`` on."""
        start = 0
        while start < len(content):
            row = first + start // self.row_bytes
            block, size = row // self.block_rows, (self.block_rows - row % self.block_rows) * self.row_bytes
            if block == len(self._sums):
                self._sums.append(0)
            self._sums[block] = zlib.crc32(content[start:start + size], self._sums[block])
            start += size

    def commit(self) -> None:
        """Flush appended rows to disk and mark them as valid."""
        with (self.folder / ROWS).open('r+b') as file:
            os.fsync(file.fileno())
        self.written, self._pending, self._map = self.written + self._pending, 0, None
        write_text(self.folder / WRITTEN, _written_text(self.written, self._sums))

    def verify(self, blocks: int | None = None) -> None:
        """Compare the rows with their checksums.

        Args:
            blocks: number of blocks to check, evenly spaced, including the first and the last; None: all.

        Raises:
            ValueError: a block differs from what was written.
        """
        count = len(self._sums)
        chosen = range(count) if blocks is None or count <= blocks else \
            sorted({round(i * (count - 1) / (blocks - 1)) for i in range(blocks)})
        with (self.folder / ROWS).open('rb') as file:
            for block in chosen:
                first, last = block * self.block_rows, min((block + 1) * self.block_rows, self.written)
                file.seek(first * self.row_bytes)
                if zlib.crc32(file.read((last - first) * self.row_bytes)) != self._sums[block]:
                    raise ValueError(f'the feature store {self.folder} is damaged: rows {first} to {last - 1} of '
                                     f'{self.folder / ROWS} are not what was written (their checksum differs): delete the '
                                     f'folder.')

    def read(self, rows: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
        """Read rows by index.

        Returns:
            tap -> (n, ...) in the store's precision, in the order of ``rows``; copies.
        """
        if self._map is None:
            self._map = np.memmap(self.folder / ROWS, self.dtype, 'r',
                                  shape=(self.written, self.row_bytes // self.dtype.itemsize))
        block = self._map[np.asarray(rows, np.int64)]
        return {tap: block[:, part].reshape(len(block), *shape) for tap, (part, shape) in self._parts.items()}

    def _count(self) -> tuple[int, list[int]]:
        lines = (self.folder / WRITTEN).read_text().split() if (self.folder / WRITTEN).is_file() else []
        text, sums = (lines or [''])[0], lines[1:]
        rows = (self.folder / ROWS).stat().st_size // self.row_bytes if (self.folder / ROWS).is_file() else -1
        if not text.isdigit() or int(text) > min(self.num_rows, rows):
            raise ValueError(f'the feature store {self.folder} is damaged (it says {text or "nothing"} rows and has '
                             f'{rows}): delete the folder.')
        try:
            found = [int(line, 16) for line in sums]
        except ValueError:
            found = []
        if len(found) != -(-int(text) // self.block_rows):
            raise ValueError(f'the feature store {self.folder} is damaged (it has {len(found)} checksums for {text} rows): '
                             f'delete the folder.')
        return int(text), found


def _parts(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[slice, tuple[int, ...]]]:
    """The slice of a row that each tap occupies."""
    parts, start = {}, 0
    for tap, shape in shapes.items():
        parts[tap] = (slice(start, start + math.prod(shape)), shape)
        start += math.prod(shape)
    return parts


def _written_text(rows: int, sums: Sequence[int]) -> str:
    """The content of the file with the number of complete rows."""
    return '\n'.join([str(rows), *(f'{value:08x}' for value in sums), ''])
