"""Shards in WebDataset's format: .tar files of samples, on any file system supported by fsspec."""

import glob
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mtkd.registry import DATASETS

from ..base import BadData, Entry
from ..blob import Blob, Source
from .arrow_values import as_numpy, first_twice, nothing, numbers, optional_texts, text, texts
from .row_dataset import ID, MAP, VALUE, RowDataset
from .shard_index import default_folder, index_of, samples_of

SHARD = 'shard'  # column of a listing: the number of a sample's shard
IMAGE = 'image'


@DATASETS.register_module()
class TarShards(RowDataset):
    """Samples in .tar shards: consecutive parts ``KEY.SUFFIX`` with one key form a sample (WebDataset's format).

    Example::

        dict(type='TarShards', data_root='rooms', shards='{split}-*.tar', image='jpg;png',
             semseg=dict(part='seg.png'), depth=dict(part='depth.npy'), fields=dict(scene='cls', age='json:age'))
        dict(type='TarShards', shards='s3://bucket/rooms/train-*.tar', …)

    A label map's ``part`` is its suffix, by default the task's name. A field (an image-level label) is a text part (``cls``,
    ``txt``, …) or a key of the part ``json`` (``json:KEY``); a task that is not in ``fields`` is read from ``json:TASK``. A
    part that does not exist is a missing label; a sample without an image is an error. An unknown suffix is an error,
    unless it is in ``ignore``.

    Shards are read in place: the first run reads their headers and stores an index of them, which is rebuilt when a shard's
    size or time changes; a sample is then one range of bytes. Samples can be accessed in any order, so that every sampler
    works and a resumed run is bit-equal; :class:`~mtkd.datasets.own.shard_sampler.ShardSampler` draws from few shards at a
    time. Chained addresses cache on the local disk: ``filecache::s3://…``.

    Args:
        args: see :class:`~mtkd.datasets.own.row_dataset.RowDataset`.
        shards: pattern of the shards, below ``data_root`` or with a protocol; ``{split}`` in it is the split. Or a list.
        image: suffixes of the images, separated by ``;``.
        ignore: suffixes of parts that are not labels.
        index: folder of the indices; None: ``mtkd/shards`` in the user's cache folder.
        storage_options: options of fsspec's file system.
        kwargs: see :class:`~mtkd.datasets.own.row_dataset.RowDataset`.

    Raises:
        BadData (on use): there are no shards, one is truncated or cannot be reached, two samples have one key, a sample has
            no image, or a part has an unknown suffix.
    """

    PLACES = ('part',)

    def __init__(self, *args: Any, shards: str | Sequence[str], image: str = 'jpg;jpeg;png;webp', ignore: Sequence[str] = (),
                 index: str | None = None, storage_options: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        split = args[2] if len(args) > 2 else kwargs.get('split', 'train')
        self.SPLITS = (split,)
        self.given_fields = {task: field for task, field in (kwargs.get('fields') or {}).items() if field is not None}
        super().__init__(*args, **kwargs)
        self.shards, self.ignore, self.storage_options = shards, tuple(ignore), dict(storage_options or {})
        self.index = Path(index).expanduser() if index else default_folder()
        self.suffixes = {IMAGE: tuple(part.strip().lower() for part in image.split(';')),
                         **{task: (self.rules[task]['part'].lower(),) for task in self.rules}}
        self.paths: list[str] = []
        self.shard_sizes: list[int] = []
        self._filesystem: tuple[int, Any] | None = None
        self._last: tuple[int, int, bytes] = (-1, 0, b'')

    def offered(self, tasks: Mapping[str, Any] | None) -> dict[str, str]:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        offers = super().offered(tasks)
        return {**dict.fromkeys(self.given_fields.values(), 'class_label'),
                **{self.given_fields.get(task, task): kind for task, kind in offers.items()}}

    # Listing.

    def full_init(self) -> None:
        """See :class:`~mtkd.datasets.base.TaskDataset`."""
        super().full_init()
        assert self.held is not None
        self.shard_sizes = np.bincount(as_numpy(self.held.table[SHARD]), minlength=len(self.paths)).tolist()

    def listing(self) -> pa.Table:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        self.paths = self._found()
        self.sources = tuple(self.paths)
        fields = {field: self._place(field) for field in dict.fromkeys(self.fields.values())}
        kept = sorted({part for part, _ in fields.values()})
        tables = [self._samples(number, index_of(self.filesystem, path, kept, self.index), fields)
                  for number, path in enumerate(self.paths)]
        table = pa.concat_tables(tables)
        twice = first_twice(table[ID])
        if twice is not None:
            places = as_numpy(table.filter(pc.equal(table[ID], text(twice)))[SHARD]).tolist()
            raise BadData(f"{' and '.join(self.paths[place] for place in places[:2])} hold samples with one key, '{twice}': "
                          'rename '
                          'one, or leave a shard out.')
        for task in self.maps_read if table.num_rows else ():
            if table[MAP + task].null_count == table.num_rows:
                raise BadData(f"{self.name} '{self.split}': no sample has a part '{self.suffixes[task][0]}', the label map "
                              f'of {task}: correct {task}=dict(part=…), or leave it out of the data set.')
        return table

    def _found(self) -> list[str]:
        """The paths of the shards in the file system."""
        patterns = [self.shards] if isinstance(self.shards, str) else list(self.shards)
        found: list[str] = []
        for pattern in patterns:
            address = self._address(pattern)
            _, path = self._opened(address)
            wild = glob.has_magic(path)
            some = sorted(self.filesystem.glob(path)) if wild else [path]
            if not some:
                raise BadData(f"{self.name} '{self.split}': no shard matches {address}: correct shards or data_root.")
            found += some
        wrong = [path for path in found if not path.endswith('.tar')]
        if wrong:
            raise BadData(f'{wrong[0]} is no .tar shard: compressed ones must be unpacked; tables are read by Manifest, '
                          'folders of '
                          'Hugging Face data sets by HuggingFaceDataset.')
        return found

    def _address(self, pattern: str) -> str:
        filled = pattern.format(split=self.split)
        return filled if '::' in filled or '://' in filled else str(self.data_root / filled)

    def _opened(self, address: str) -> tuple[Any, str]:
        """The file system of an address, created in each process, and the path in it."""
        import fsspec

        try:
            filesystem, path = fsspec.core.url_to_fs(address, **self.storage_options)
        except (ImportError, ValueError) as error:
            raise BadData(f'{address} is on no file system that fsspec can open ({error}).') from error
        self._filesystem = (os.getpid(), filesystem)
        return filesystem, path

    @property
    def filesystem(self) -> Any:
        """The shards' file system."""
        if self._filesystem is None or self._filesystem[0] != os.getpid():
            first = self.shards if isinstance(self.shards, str) else self.shards[0]
            return self._opened(self._address(first))[0]
        return self._filesystem[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, '_filesystem': None}

    def _place(self, field: str) -> tuple[str, str | None]:
        """The suffix of the part with a field, and the key in it."""
        given = field if field in self.given_fields.values() else f'json:{field}'
        part, _, key = given.partition(':')
        return part.lower(), key or None

    def _samples(self, number: int, parts: pa.Table, fields: Mapping[str, tuple[str, str | None]]) -> pa.Table:
        """The samples of a shard: key, positions of image and label maps, and values."""
        path = self.paths[number]
        self._check_suffixes(path, parts, {part for part, _ in fields.values()})
        of_part, firsts = samples_of(parts)
        count = len(firsts)
        ids = parts['key'].take(numbers(firsts))
        columns: dict[str, Any] = {ID: ids, SHARD: numbers(np.full(count, number, np.int32))}
        starts, sizes = as_numpy(parts['start']), as_numpy(parts['size'])
        for role in (IMAGE, *self.maps_read):
            place: np.ndarray = np.full((2, count), -1, np.int64)
            which = as_numpy(pc.index_in(parts['suffix'], texts(self.suffixes[role])), -1)
            rows = np.flatnonzero(which >= 0)
            place[:, of_part[rows]] = starts[rows], sizes[rows]
            chosen: np.ndarray = np.zeros(count, np.int32)
            chosen[of_part[rows]] = which[rows]
            columns |= {f'start/{role}': numbers(place[0]), f'size/{role}': numbers(place[1]),
                        f'suffix/{role}': numbers(chosen)}
            if role == IMAGE and (place[0] < 0).any():
                raise BadData(f"{path}: the sample '{ids[int(np.argmin(place[0]))].as_py()}' has no image "
                              f'({", ".join(self.suffixes[IMAGE])}): complete or remove it, or name its suffix in image.')
            if role != IMAGE:
                there = numbers((place[0] >= 0).astype(np.uint8)).cast(pa.bool_())
                columns[MAP + role] = pc.if_else(there, there, nothing(pa.bool_()))
        for field, (part, key) in fields.items():
            rows = np.flatnonzero(as_numpy(pc.equal(parts['suffix'], text(part))))
            values: list[str | None] = [None] * count
            for row, content in zip(rows.tolist(), parts['content'].take(numbers(rows)).to_pylist(), strict=True):
                values[of_part[row]] = _value(content, key, f"{path}: the part '{part}' of '{parts['key'][row]}'")
            columns[VALUE + field] = optional_texts(values)
        return pa.table(columns)

    def _check_suffixes(self, path: str, parts: pa.Table, read: set[str]) -> None:
        known = {*read, *(suffix for of in self.suffixes.values() for suffix in of), *(s.lower() for s in self.ignore)}
        for suffix in pc.unique(parts['suffix']).to_pylist():
            if suffix not in known:
                raise BadData(f"{path} has parts '.{suffix}', which nothing reads (known are {', '.join(sorted(known))}): "
                              'give the '
                              f"label map as task=dict(part='{suffix}'), the label as fields=dict(task='{suffix}'), or name "
                              'it in '
                              'ignore.')

    # Reading.

    def part(self, entry: Entry, role: str) -> Source | None:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        row = entry['row']
        start, size = row[f'start/{role}'], row[f'size/{role}']
        if start < 0:
            return None
        path = self.paths[row[SHARD]]
        if self._last[0] != entry['number']:
            self._last = (entry['number'], *self._range(path, row))
        content = self._last[2][start - self._last[1]:][:size]
        if len(content) != size:
            raise BadData(f"{path} breaks off in the sample '{row[ID]}': it has changed since it was indexed; copy it "
                          'again.')
        suffix = self.suffixes[role][row[f'suffix/{role}']]
        return Blob(self.source_name(entry, role), '.' + suffix.rpartition('.')[2], content)

    def source_name(self, entry: Entry, role: str) -> str:
        """See :class:`~mtkd.datasets.base.TaskDataset`; the shard with the sample and the part."""
        row = entry['row']
        suffix = self.suffixes[role][row[f'suffix/{role}']] if role in self.suffixes else self.fields.get(role, role)
        return f"{self.paths[row[SHARD]]}, sample '{row[ID]}', part {suffix}"

    def _range(self, path: str, row: Mapping[str, Any]) -> tuple[int, bytes]:
        """Start and bytes of the part of the file with a sample's image and label maps."""
        places = [(row[f'start/{role}'], row[f'size/{role}']) for role in (IMAGE, *self.maps_read)]
        places = [place for place in places if place[0] >= 0]
        start, end = min(start for start, _ in places), max(start + size for start, size in places)
        try:
            return start, self.filesystem.cat_file(path, start, end)
        except OSError as error:
            raise BadData(f'{path} cannot be read any more ({error or type(error).__name__}): bring it back, and '
                          'resume.') from error

    def check_files(self, entries: Sequence[Entry]) -> None:
        """The shards were checked when they were indexed."""


def _value(content: bytes, key: str | None, where: str) -> str | None:
    """The text of a label: a whole part, or a key of a JSON part."""
    try:
        if key is None:
            return content.decode()
        value = json.loads(content).get(key)
    except (ValueError, AttributeError) as error:
        raise BadData(f'{where} is no {"text" if key is None else "JSON object"} ({error}): write it again.') from error
    if isinstance(value, dict | list):
        raise BadData(f"{where} has a {type(value).__name__} as '{key}': a label is a class, a number or a text.")
    return None if value is None else str(value)
