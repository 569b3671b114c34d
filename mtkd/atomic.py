"""Files that are whole or not there: written under a temporary name, flushed to the disk, and renamed.

Everything that mtkd leaves behind (checkpoints, records, pages, exports, predictions) is written through this module. A
process that is killed, or a disk that is full, leaves the file that was there before, never half of a new one.
"""

import errno
import itertools
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

FULL = (errno.ENOSPC, errno.EDQUOT)
_PARTIAL = re.compile(r'\.partial-(\d+)-\d+-')
_count = itertools.count()


class DiskFull(OSError):
    """A file was not written because the disk, or the user's share of it, is full; the message says which and how much."""


@contextmanager
def replacing(path: str | Path, need: int | None = None) -> Iterator[Path]:
    """Hand out a temporary path beside ``path``; when the block ends without an error, rename it to ``path``.

    The temporary name keeps the suffix, because many writers choose the format by it. On any error the temporary file is
    removed and ``path`` stays as it was.

    Args:
        path: the file to write or replace; its folder is made.
        need: bytes that will be written, where they are known: a disk without room for them is refused before writing.

    Raises:
        DiskFull: there is not enough room; says what is needed and what is free.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _explained(error, path, need, 0) from error
    if need is not None and need > (free := _free(path.parent)):
        raise DiskFull(errno.ENOSPC, _full(path, need, free))
    partial = path.with_name(f'.partial-{os.getpid()}-{next(_count)}-{path.name}')
    try:
        yield partial
        with partial.open('rb') as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException as error:
        written = partial.stat().st_size if partial.is_file() else 0
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        explained = _explained(error, path, need, written)
        if explained is error:
            raise
        raise explained from error
    _flush_folder(path.parent)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write ``content`` in one step; see :func:`replacing`."""
    with replacing(path, len(content)) as partial, partial.open('wb') as file:
        file.write(content)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8 in one step; see :func:`replacing`."""
    write_bytes(path, text.encode('utf-8'))


def write_picture(path: str | Path, picture: Any, options: tuple[int, ...] = ()) -> None:
    """Write an image in one step, in the format of the path's suffix.

    Args:
        path: the file, such as ``a.png``.
        picture: (H, W, 3) uint8 RGB, or (H, W) grey.
        options: OpenCV's encoding flags.

    Raises:
        ValueError: OpenCV cannot encode the image in that format.
    """
    import cv2  # takes long to import and is needed here only
    ordered = picture[..., ::-1] if picture.ndim == 3 else picture
    done, content = cv2.imencode(Path(path).suffix, ordered, list(options))
    if not done:
        raise ValueError(f'{path}: OpenCV cannot write an image of shape {picture.shape} as {Path(path).suffix}.')
    write_bytes(path, content.tobytes())


def remove_partial_files(folder: str | Path) -> list[Path]:
    """Remove temporary files that killed processes of this machine have left in a folder; returns them."""
    removed = []
    for path in Path(folder).glob('.partial-*'):
        named = _PARTIAL.match(path.name)
        if named and not _alive(int(named[1])):
            with suppress(OSError):
                path.unlink()
                removed.append(path)
    return removed


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _explained(error: BaseException, path: Path, need: int | None, written: int) -> BaseException:
    """The error in words where it means a full disk; else as it is."""
    full = isinstance(error, OSError) and error.errno in FULL and not isinstance(error, DiskFull)
    # PyTorch's zip writer turns a failed write into a RuntimeError without an errno
    full = full or (isinstance(error, RuntimeError) and 'PytorchStreamWriter' in str(error))
    if not full:
        return error
    return DiskFull(errno.ENOSPC, _full(path, max(need or 0, written), _free(path.parent)))


def _full(path: Path, need: int, free: int) -> str:
    wanted = f'it needs {size_text(need)}' if need else 'the disk, or the quota, is full'
    return (f'{path} was not written: {wanted}, and {path.parent} has {size_text(free)} free. Make room there or write to '
            f'another folder; files written before are kept.')


def _free(folder: Path) -> int:
    """Bytes that this user can still write at a folder, or at the nearest parent that exists."""
    place = next((p for p in (folder, *folder.absolute().parents) if p.exists()), Path('/'))
    return shutil.disk_usage(place).free


def _flush_folder(folder: Path) -> None:
    """Bring the rename itself to the disk, where the file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def size_text(count: int) -> str:
    """A number of bytes for people."""
    for unit, size in (('GB', 10 ** 9), ('MB', 10 ** 6), ('kB', 10 ** 3)):
        if count >= size:
            return f'{count / size:.1f} {unit}'
    return f'{count} bytes'
