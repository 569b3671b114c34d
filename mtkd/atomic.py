"""Atomic file writes: a file is written under a temporary name, flushed to disk, and renamed.

All output of mtkd (checkpoints, records, pages, exports, predictions) is written through this module. If the process is
killed or the disk is full, the previous file stays as it was; a partly written file never replaces it.
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
    """A file was not written because the disk or the user's quota is full; the message gives the space needed and free."""


@contextmanager
def replacing(path: str | Path, need: int | None = None) -> Iterator[Path]:
    """Context manager that yields a temporary path next to ``path`` and renames it to ``path`` if the block succeeds.

    The temporary name keeps the suffix, because many writers choose the format by it. On any error the temporary file is
    removed and ``path`` stays as it was.

    Args:
        path: the file to write or replace; its folder is created if needed.
        need: number of bytes that will be written, if known; the free space is then checked before writing.

    Raises:
        DiskFull: there is not enough space; the message gives the space needed and free.
        OSError: the file or its folder cannot be written for another reason.
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
    """Write ``content`` atomically; see :func:`replacing`."""
    with replacing(path, len(content)) as partial, partial.open('wb') as file:
        file.write(content)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8 atomically; see :func:`replacing`."""
    write_bytes(path, text.encode('utf-8'))


def write_picture(path: str | Path, picture: Any, options: tuple[int, ...] = ()) -> None:
    """Write an image atomically, in the format given by the suffix of the path.

    Args:
        path: the file, such as ``a.png``.
        picture: (H, W, 3) uint8 RGB, or (H, W) grey.
        options: flags of ``cv2.imencode``.

    Raises:
        ValueError: OpenCV failed to encode the image.
        cv2.error: OpenCV has no encoder for the suffix, or the shape is not supported.
    """
    import cv2  # slow to import, and needed only here
    ordered = picture[..., ::-1] if picture.ndim == 3 else picture
    done, content = cv2.imencode(Path(path).suffix, ordered, list(options))
    if not done:
        raise ValueError(f'{path}: OpenCV cannot write an image of shape {picture.shape} as {Path(path).suffix}.')
    write_bytes(path, content.tobytes())


def remove_partial_files(folder: str | Path) -> list[Path]:
    """Remove the temporary files in a folder whose process no longer runs on this machine; return their paths."""
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
    """A :class:`DiskFull` if the error means that the disk is full; otherwise the error itself."""
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
    """Flush the rename to disk, if the file system supports it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def size_text(count: int) -> str:
    """A number of bytes in a readable unit (decimal, such as ``1.5 GB``)."""
    for unit, size in (('GB', 10 ** 9), ('MB', 10 ** 6), ('kB', 10 ** 3)):
        if count >= size:
            return f'{count / size:.1f} {unit}'
    return f'{count} bytes'
