"""A file format for features: fixed-size rows with all taps of one sample, read through a memory map.

A store is a folder::

    header.json   the key (what the store was made from), the taps' shapes and formats, the numbers of rows and shards
    rows.bin      the rows, one after the other; within a row, the taps one after the other, without padding, each in its
                  format (see tap_formats.py)
    written       the number of complete rows, in decimal, and a checksum (CRC-32) of each block of rows, one per line;
                  rewritten (by renaming) after the rows are on disk

A process killed at any moment loses at most the rows since the last :meth:`FeatureStore.commit`; writing continues there.
Opening a store checks the blocks of a small one, and evenly spaced ones of a large one; :meth:`FeatureStore.verify` checks
all of them.

A store that several processes write consists of shards of consecutive rows. Each shard has its own files
(``rows-0of4.bin``, ``written-0of4``), which one process writes. Readers see one store.
"""

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import FULL, DiskFull, size_text, write_text
from .tap_formats import tap_format

VERSION = 3
READS = (2, 3)  # in version 2, all taps have the format of the header's 'dtype', and there is one shard
HEADER, ROWS, WRITTEN = 'header.json', 'rows.bin', 'written'
BLOCK_BYTES = 4 * 2 ** 20  # approximate size of the rows of one checksum
CHECKED_ON_OPENING = 32  # blocks; 128 MiB, read in about a tenth of a second


@dataclass
class Shard:
    """Consecutive rows of a store, written by one process.

    Attributes:
        first: the first of its rows.
        num_rows: number of its rows.
        rows: the file of the rows.
        progress: the file with the number of written rows and their checksums.
        written: number of its rows written so far.
        sums: checksums of its blocks.
        pending: number of rows after the last commit.
    """

    first: int
    num_rows: int
    rows: Path
    progress: Path
    written: int = 0
    sums: list[int] = field(default_factory=list)
    pending: int = 0

    @property
    def complete(self) -> bool:
        """Whether all its rows are written."""
        return self.written == self.num_rows


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
        formats: tap -> name of its format.
        num_rows: number of rows of the complete store.
        shards: its shards, in the order of their rows.
    """

    def __init__(self, folder: str | Path, check: bool = True) -> None:
        self.folder = Path(folder)
        if not (self.folder / HEADER).is_file():
            raise FileNotFoundError(f'there is no feature store in {self.folder}.')
        try:
            header = json.loads((self.folder / HEADER).read_text())
            if header['version'] in READS:
                self.key: dict[str, Any] = header['key']
                self.shapes: dict[str, tuple[int, ...]] = {tap: tuple(shape) for tap, shape in header['taps'].items()}
                self.formats: dict[str, str] = header['formats'] if header['version'] > 2 else dict.fromkeys(
                    self.shapes, header['dtype'])
                self.num_rows: int = header['num_rows']
                self._formats = {tap: tap_format(self.formats[tap]) for tap in self.shapes}
                self.shards = _shards(self.folder, self.num_rows, header.get('shards', 1))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f'{self.folder / HEADER} is damaged ({error}): delete the folder.') from error
        if header['version'] not in READS:
            raise ValueError(f'{self.folder} is a feature store of version {header["version"]}, this code reads version '
                             f'{VERSION}: delete the folder.')
        self._parts: dict[str, slice] = {}
        start = 0
        for tap, shape in self.shapes.items():
            self._parts[tap] = slice(start, start := start + self._formats[tap].size(shape))
        self.row_bytes: int = start
        self._maps: dict[int, np.ndarray] = {}
        for shard in self.shards:
            self._count(shard)
        if check:
            self.verify(CHECKED_ON_OPENING)

    @classmethod
    def create(cls, folder: str | Path, key: Mapping[str, Any], shapes: Mapping[str, Sequence[int]], num_rows: int,
               formats: str | Mapping[str, str] = 'float16', shards: int = 1) -> 'FeatureStore':
        """Create a store in a folder, replacing its contents.

        Args:
            folder: the folder; created if necessary.
            key: what the features are made from; plain values.
            shapes: tap -> its shape without the sample axis.
            num_rows: number of rows of the complete store.
            formats: the format of all taps, or tap -> its format; see :mod:`~mtkd.structures.tap_formats`.
            shards: number of processes that can write it at the same time.

        Raises:
            ValueError: an unknown format, one that does not fit its tap, no taps, no rows, or more shards than rows.
        """
        if not shapes or not 1 <= shards <= num_rows:
            raise ValueError(f'a feature store needs taps, rows, and between 1 and as many shards as rows; it was given '
                             f'{len(shapes)} taps, {num_rows} rows and {shards} shards.')
        formats = dict.fromkeys(shapes, formats) if isinstance(formats, str) else {tap: formats[tap] for tap in shapes}
        for tap, name in formats.items():
            tap_format(name).check(tap, shapes[tap])
        return cls.start(folder, json.dumps({
            'version': VERSION, 'key': dict(key), 'num_rows': num_rows, 'shards': shards, 'formats': formats,
            'taps': {tap: list(shape) for tap, shape in shapes.items()}}, indent=1))

    @classmethod
    def start(cls, folder: str | Path, header: str) -> 'FeatureStore':
        """Create a store without rows from the header of another one, replacing the contents of a folder.

        Args:
            folder: the folder; created if necessary.
            header: the text of the header.

        Raises:
            ValueError: it is not a header.
        """
        folder = Path(folder)
        try:
            content = json.loads(header)
            shards = _shards(folder, content['num_rows'], content['shards'])
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'the header for {folder} is damaged ({error}): delete it, and write the store again.'
                             ) from error
        folder.mkdir(parents=True, exist_ok=True)
        (folder / HEADER).unlink(missing_ok=True)  # the header first: without it the folder is no store
        for path in (folder / ROWS, folder / WRITTEN, *folder.glob('rows-*of*.bin'), *folder.glob('written-*of*')):
            path.unlink(missing_ok=True)
        for shard in shards:
            shard.rows.touch()
            write_text(shard.progress, _written_text(0, []))
        write_text(folder / HEADER, header)
        return cls(folder)

    def __reduce__(self) -> tuple[type['FeatureStore'], tuple[Path, bool]]:
        return FeatureStore, (self.folder, False)

    @property
    def promised_bytes(self) -> int:
        """Total size of the files of the complete store in bytes."""
        return self.row_bytes * self.num_rows + (self.folder / HEADER).stat().st_size + sum(
            len(_written_text(shard.num_rows, [0] * -(-shard.num_rows // self.block_rows))) for shard in self.shards)

    @property
    def block_rows(self) -> int:
        """Number of rows per checksum."""
        return max(BLOCK_BYTES // self.row_bytes, 1)

    @property
    def written(self) -> int:
        """Number of rows written so far."""
        return sum(shard.written for shard in self.shards)

    @property
    def complete(self) -> bool:
        """Whether all rows are written."""
        return all(shard.complete for shard in self.shards)

    def append(self, taps: Mapping[str, np.ndarray], shard: int = 0) -> None:
        """Append rows to a shard; they become valid with the next :meth:`commit`.

        Args:
            taps: tap -> (n, ...) numbers.
            shard: number of the shard, from 0.

        Raises:
            ValueError: a tap has another shape than the store's, or a value that its format cannot hold, or there are more
                rows than the shard has.
        """
        part, number = self.shards[shard], len(next(iter(taps.values())))
        rows: np.ndarray = np.empty((number, self.row_bytes), np.uint8)
        for tap, shape in self.shapes.items():
            if taps[tap].shape != (number, *shape):
                raise ValueError(f"tap '{tap}' has the shape {taps[tap].shape[1:]}, but in the store {self.folder} it has "
                                 f'{shape}: the features of all images must have the same size.')
            try:
                rows[:, self._parts[tap]] = self._formats[tap].encode(taps[tap])
            except OverflowError as error:
                raise ValueError(f"tap '{tap}' contains {error}: store float32, or check the network.") from error
        first, content = part.written + part.pending, rows.tobytes()
        if first + number > part.num_rows:
            raise ValueError(f'{part.rows} has {part.num_rows} rows, so rows {first} to {first + number - 1} cannot be '
                             f'written.')
        try:
            with part.rows.open('r+b') as file:
                file.seek(first * self.row_bytes)
                file.write(content)
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise DiskFull(error.errno, f'{part.rows} cannot be extended: it needs another '
                           f'{size_text((part.num_rows - first) * self.row_bytes)}. Free disk space or give another folder; '
                           f'the {part.written} of {part.num_rows} rows that are already written are kept.') from error
        self._sum_up(part, first, content)
        part.pending += number

    def _sum_up(self, shard: Shard, first: int, content: bytes) -> None:
        """Update the checksums of the blocks with the rows of a shard from number ``first`` on."""
        start = 0
        while start < len(content):
            row = first + start // self.row_bytes
            block, size = row // self.block_rows, (self.block_rows - row % self.block_rows) * self.row_bytes
            if block == len(shard.sums):
                shard.sums.append(0)
            shard.sums[block] = zlib.crc32(content[start:start + size], shard.sums[block])
            start += size

    def commit(self, shard: int = 0) -> None:
        """Flush the rows appended to a shard to disk and mark them as valid."""
        part = self.shards[shard]
        with part.rows.open('r+b') as file:
            os.fsync(file.fileno())
        part.written, part.pending = part.written + part.pending, 0
        self._maps.pop(shard, None)
        write_text(part.progress, _written_text(part.written, part.sums))

    def verify(self, blocks: int | None = None, shard: int | None = None) -> None:
        """Compare the rows with their checksums.

        Args:
            blocks: number of blocks to check, evenly spaced, including the first and the last; None: all.
            shard: number of the shard to check; None: all.

        Raises:
            ValueError: a block differs from what was written.
        """
        parts = self.shards if shard is None else [self.shards[shard]]
        every = [(part, block) for part in parts for block in range(len(part.sums))]
        count = len(every)
        chosen = every if blocks is None or count <= blocks else \
            [every[i] for i in sorted({round(i * (count - 1) / (blocks - 1)) for i in range(blocks)})]
        for part, block in chosen:
            first, last = block * self.block_rows, min((block + 1) * self.block_rows, part.written)
            with part.rows.open('rb') as file:
                file.seek(first * self.row_bytes)
                content = file.read((last - first) * self.row_bytes)
            if zlib.crc32(content) != part.sums[block]:
                raise ValueError(f'the feature store {self.folder} is damaged: rows {first} to {last - 1} of '
                                 f'{part.rows} do not match their checksum: delete the folder.')

    def read(self, rows: Sequence[int] | np.ndarray, taps: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Read rows by index.

        Args:
            rows: n indices.
            taps: the taps to read; None: all.

        Returns:
            tap -> (n, ...) in the order of ``rows``; float16 or float32, depending on the tap's format; copies.
        """
        wanted = np.asarray(rows, np.int64)
        found = {}
        for tap in self.shapes if taps is None else taps:
            found[tap] = self._formats[tap].decode(self._bytes(wanted, self._parts[tap]), self.shapes[tap])
        return found

    def _bytes(self, rows: np.ndarray, part: slice) -> np.ndarray:
        """(n, size) uint8, some bytes of rows."""
        if len(self.shards) == 1:
            return self._map(0)[rows, part]
        content: np.ndarray = np.empty((len(rows), part.stop - part.start), np.uint8)
        homes = np.searchsorted([shard.first for shard in self.shards], rows, 'right') - 1
        for number in np.unique(homes).tolist():
            here = homes == number
            content[here] = self._map(number)[rows[here] - self.shards[number].first, part]
        return content

    def _map(self, number: int) -> np.ndarray:
        if number not in self._maps:
            shard = self.shards[number]
            self._maps[number] = np.memmap(shard.rows, np.uint8, 'r', shape=(shard.written, self.row_bytes))
        return self._maps[number]

    def _count(self, shard: Shard) -> None:
        """Read the progress of a shard."""
        lines = shard.progress.read_text().split() if shard.progress.is_file() else []
        text, sums = (lines or [''])[0], lines[1:]
        rows = shard.rows.stat().st_size // self.row_bytes if shard.rows.is_file() else -1
        if not text.isdigit() or int(text) > min(shard.num_rows, rows):
            raise ValueError(f'the feature store {self.folder} is damaged ({shard.progress.name} states '
                             f'{text or "no number of"} rows, but {shard.rows.name} has {rows}): delete the folder.')
        try:
            found = [int(line, 16) for line in sums]
        except ValueError:
            found = []
        if len(found) != -(-int(text) // self.block_rows):
            raise ValueError(f'the feature store {self.folder} is damaged ({shard.progress.name} has {len(found)} checksums '
                             f'for {text} rows): delete the folder.')
        shard.written, shard.sums = int(text), found


def _shards(folder: Path, num_rows: int, count: int) -> list[Shard]:
    """The shards of a store, before their progress is read."""
    if not 1 <= count <= num_rows:
        raise ValueError(f'{count} shards of {num_rows} rows')
    starts = [num_rows * number // count for number in range(count + 1)]
    names = [''] if count == 1 else [f'-{number}of{count}' for number in range(count)]
    return [Shard(first, end - first, folder / ROWS.replace('.', f'{name}.'), folder / f'{WRITTEN}{name}')
            for name, (first, end) in zip(names, pairwise(starts), strict=True)]


def _written_text(rows: int, sums: Sequence[int]) -> str:
    """The content of the file with the number of complete rows."""
    return '\n'.join([str(rows), *(f'{value:08x}' for value in sums), ''])
