"""Teacher caches on other file systems (fsspec): written and read through a local copy.

A cache in ``s3://bucket/caches`` has a local copy, which is memory-mapped as any other cache. Shards are written locally and
uploaded when they are complete; complete shards are downloaded before they are read, and their checksums compared.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..atomic import DiskFull, replacing, write_bytes, write_text
from ..structures import FeatureStore
from ..structures.feature_store import HEADER, Shard
from .cache_shards import check_nobody_writes

LOCAL = 'file://'


def is_remote(folder: str) -> bool:
    """Whether a folder is an address of fsspec that is not a local path."""
    return '://' in folder and not folder.startswith(LOCAL)


def local_copy(address: str) -> Path:
    """The local folder of a remote cache: below MTKD_CACHE_DIR, by default ``~/.cache/mtkd``."""
    root = os.environ.get('MTKD_CACHE_DIR') or '~/.cache/mtkd'
    digest = hashlib.sha256(address.encode()).hexdigest()[:16]
    return Path(root).expanduser() / 'teacher_caches' / f'{address.rstrip("/").rpartition("/")[2]}-{digest}'


def pull(address: str, folder: Path) -> None:
    """Bring the local copy up to date: download the header and the complete shards that it lacks.

    Rows of incomplete shards that this machine has written are kept, unless the remote cache has been made anew.

    Args:
        address: the remote cache.
        folder: its local copy.

    Raises:
        OSError: the address cannot be read.
        Busy: the remote cache was made anew, and a process of this machine writes the previous one.
        ValueError: the remote cache is damaged.
    """
    with _explained(address, 'read'):
        system, root = _opened(address)
        system.invalidate_cache()
        if not system.exists(f'{root}/{HEADER}'):
            return
        header = system.cat_file(f'{root}/{HEADER}')
    if not _same(folder / HEADER, header):
        check_nobody_writes(folder, f'the local copy of {address} in {folder}')
        FeatureStore.start(folder, header.decode())
    store = FeatureStore(folder, check=False)
    for number, shard in enumerate(store.shards):
        if not shard.complete:
            with _explained(address, 'read'):
                if not system.exists(f'{root}/{shard.progress.name}'):
                    continue
                progress = system.cat_file(f'{root}/{shard.progress.name}')
                with replacing(shard.rows) as partial:
                    system.get_file(f'{root}/{shard.rows.name}', str(partial))
            write_bytes(shard.progress, progress)
            _check(address, folder, number, shard)


def begin(address: str, folder: Path) -> None:
    """Upload the header of the local copy; shards of another cache at the address are removed.

    Raises:
        OSError: the address cannot be written.
    """
    header = (folder / HEADER).read_bytes()
    with _explained(address, 'written'):
        system, root = _opened(address)
        system.makedirs(root, exist_ok=True)
        if not system.exists(f'{root}/{HEADER}') or system.cat_file(f'{root}/{HEADER}') != header:
            for path in system.ls(root, detail=False):
                if Path(path).name.startswith(('rows', 'written', HEADER)):
                    system.rm_file(path)
        system.pipe_file(f'{root}/{HEADER}', header)


def push(address: str, shard: Shard) -> None:
    """Upload a complete shard: the rows first, then its number of rows and checksums, which mark it as complete.

    Raises:
        OSError: the address cannot be written; the local copy is kept.
    """
    with _explained(address, 'written', f'The rows are kept in {shard.rows}; run the command again to upload them.'):
        system, root = _opened(address)
        if not system.exists(f'{root}/{shard.progress.name}'):
            system.put_file(str(shard.rows), f'{root}/{shard.rows.name}')
            system.put_file(str(shard.progress), f'{root}/{shard.progress.name}')


def _opened(address: str) -> tuple[Any, str]:
    """The file system of an address and the path on it."""
    import fsspec
    system, path = fsspec.core.url_to_fs(address)
    return system, path.rstrip('/')


def _same(path: Path, content: bytes) -> bool:
    return path.is_file() and path.read_bytes() == content


def _check(address: str, folder: Path, number: int, shard: Shard) -> None:
    """Compare a downloaded shard with its checksums; a damaged one is not kept.

    Raises:
        ValueError: it is damaged.
    """
    try:
        FeatureStore(folder, check=False).verify(shard=number)
    except ValueError as error:
        write_text(shard.progress, '0\n')
        raise ValueError(f'{address}: {shard.rows.name} is not what was written (its checksums or size differ): delete '
                         f'{shard.rows.name} and {shard.progress.name} there, and run mtkd cache again.') from error


@contextmanager
def _explained(address: str, done: str, kept: str = '') -> Iterator[None]:
    """Name the address in errors of file systems, which have classes of their own.

    Raises:
        OSError: it cannot be opened, read or written.
        DiskFull: the local copy does not fit on the disk.
    """
    try:
        yield
    except DiskFull:  # of the local copy
        raise
    except Exception as error:
        said = str(error).strip().splitlines()
        reason = f'{type(error).__name__}{": " + said[0] if said else ""}'
        advice = 'check the address, the credentials and the rights, or give another teacher_cache.folder.'
        raise OSError(' '.join(filter(None, (f'{address} cannot be {done} ({reason}): {advice}', kept)))) from error
