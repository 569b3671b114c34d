"""Index of a .tar shard's contents: read once, and stored as an Arrow file named after the shard's state."""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from mtkd.atomic import replacing

from ..bad_data import BadData
from .arrow_values import as_numpy, numbers
from .arrow_values import texts as as_texts

VERSION = 1  # version of the index files; indices of other versions are rebuilt
BLOCK = tarfile.BLOCKSIZE
SCHEMA = pa.schema([('key', pa.string()), ('suffix', pa.string()), ('start', pa.int64()), ('size', pa.int64()),
                    ('content', pa.binary())])
STATE = ('size', 'mtime', 'LastModified', 'last_modified', 'ETag', 'etag', 'created')  # file attributes, by file system


def index_of(filesystem: Any, path: str, texts: Sequence[str], folder: Path) -> pa.Table:
    """The parts of a shard in order: key, suffix, position, and the content if the suffix is in ``texts``.

    Args:
        filesystem: a file system of fsspec.
        path: path of the shard in the file system.
        texts: suffixes of the parts whose content is stored.
        folder: folder of the indices.

    Raises:
        BadData: the shard is missing or not a complete .tar file, has a file that belongs to no sample, or a part twice.
    """
    try:
        info = filesystem.info(path)
    except (OSError, ValueError) as error:
        raise BadData(f'{path} cannot be reached ({error or type(error).__name__}): correct the address, or ask for '
                      'access.') \
            from error
    state = {name: str(info[name]) for name in STATE if info.get(name) is not None}
    said = json.dumps([VERSION, str(filesystem.unstrip_protocol(path)), state, sorted(texts)])
    kept = folder / f'{Path(path).stem}-{hashlib.sha256(said.encode()).hexdigest()[:20]}.arrow'
    if kept.is_file():
        try:
            with pa.memory_map(str(kept)) as file:
                return pa.ipc.open_file(file).read_all()
        except (pa.ArrowInvalid, OSError):
            kept.unlink(missing_ok=True)  # damaged: rebuilt
    with filesystem.open(path, 'rb') as file:
        found = list(zip(*_parts(file, path, set(texts)), strict=True)) or [()] * len(SCHEMA)
    places = [numbers(np.array(column, np.int64)) for column in found[2:4]]
    table = pa.table([as_texts(found[0]), as_texts(found[1]), *places, as_texts(found[4], pa.binary())], SCHEMA)
    try:
        with replacing(kept) as partial, pa.OSFile(str(partial), 'wb') as out, pa.ipc.new_file(out, SCHEMA) as writer:
            writer.write_table(table)
    except OSError as error:
        raise BadData(f'the index of {path} cannot be written to {folder} ({error.strerror or error}): name another folder '
                      'with '
                      'index=….') from error
    return table


def default_folder() -> Path:
    """``mtkd/shards`` in the user's cache folder (``XDG_CACHE_HOME``, or ``~/.cache``)."""
    return Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'mtkd' / 'shards'


def _parts(file: BinaryIO, path: str, texts: set[str]) -> Iterator[tuple[str, str, int, int, bytes]]:
    """The values of the columns of :data:`SCHEMA` for each part."""
    seen: dict[str, set[str]] = {}
    last, end = '', 0
    try:
        with tarfile.open(fileobj=file, mode='r:') as archive:
            for member in archive:
                end = member.offset_data + (-(-member.size // BLOCK) * BLOCK if member.isfile() else 0)
                if not member.isfile() or Path(member.name).name.startswith('.'):
                    continue
                key, suffix = split_name(member.name)
                if not suffix:
                    raise BadData(f"{path} holds '{member.name}', which has no suffix; parts of a sample are called "
                                  'KEY.SUFFIX: '
                                  'rename or remove it.')
                if key != last and key in seen:
                    raise BadData(f"{path} holds two samples with the key '{key}': rename one.")
                if suffix in seen.setdefault(key, set()):
                    raise BadData(f"{path} holds the part '{suffix}' of the sample '{key}' twice: remove one.")
                seen[key].add(suffix)
                last = key
                content = _read(file, member.offset_data, member.size) if suffix in texts else b''
                yield key, suffix, member.offset_data, member.size, content
        if _read(file, end, BLOCK) != bytes(BLOCK):
            raise tarfile.ReadError('no end mark')
    except tarfile.ReadError as error:
        if not end:
            raise BadData(f'{path} is no plain .tar file ({error}); compressed ones must be unpacked: write it '
                          'again.') from error
        raise BadData(f"{path} breaks off after the sample '{last}' ({error}): copy it again.") from error


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


def split_name(name: str) -> tuple[str, str]:
    """Key and suffix of a part: its path up to the first dot in its name, and the rest in lower case."""
    folder, slash, base = name.removeprefix('./').rpartition('/')
    stem, _, suffix = base.partition('.')
    return folder + slash + stem, suffix.lower()


def samples_of(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """(parts,) number of each part's sample, and (samples,) the first part of each sample."""
    codes = as_numpy(table['key'].dictionary_encode().unify_dictionaries().combine_chunks().indices) if len(table) else \
        np.zeros(0, np.int32)
    return codes, np.flatnonzero(np.diff(codes, prepend=-1))
