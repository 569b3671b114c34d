"""Reports any error of a command with one sentence and an exit code instead of a traceback."""

from __future__ import annotations

import datetime
import errno
import linecache
import os
import re
import select
import site
import sys
import sysconfig
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

MISTAKE, FAULT, STOPPED = 2, 1, 130  # exit codes: error of the user, unexpected error, Ctrl-C
CLOSED_PIPE = 141  # 128 + SIGPIPE, as for any program whose output goes to `head`
LOG = 'traceback.log'
MISTAKES = (ValueError, KeyError, TypeError, OSError, RuntimeError)  # what mtkd raises with its own message
_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = tuple({*site.getsitepackages(), site.getusersitepackages(), sysconfig.get_paths()['stdlib'],
                    sysconfig.get_paths()['purelib'], sysconfig.get_paths()['platlib']})
_CURES = {
    errno.ENOSPC: 'the disk is full: make room there, or write to another folder',
    errno.EDQUOT: 'your quota is used up: make room there, or write to another folder',
    errno.EACCES: 'permission denied: change its permissions, or name another place',
    errno.EPERM: 'permission denied: change its permissions, or name another place',
    errno.EROFS: 'the file system is read-only: name another place',
    errno.ENOENT: 'there is no such file or folder: correct the path',
    errno.EISDIR: 'that is a folder: name a file',
    errno.ENOTDIR: 'a part of the path is a file, not a folder: correct the path',
    errno.EEXIST: 'that exists already: name another place',
    errno.ENAMETOOLONG: 'the name is too long: choose a shorter one',
    errno.EMFILE: 'too many open files: raise the limit (ulimit -n), or use fewer loader workers',
    errno.ENOMEM: 'out of memory: use a smaller batch_size, or fewer loader workers',
    errno.EADDRINUSE: 'the port is in use: give torchrun another --master-port',
    errno.ECONNREFUSED: 'connection refused: start the first rank, and check MASTER_ADDR and MASTER_PORT'}


def exit_code(main: Callable[[], int | None], folder: Path | None = None) -> int:
    """Run a command; any error becomes one sentence on stderr and an exit code.

    The message of an error that mtkd raised on purpose is printed as it is, with exit code 2 or the error's own
    ``exit_code``. Any other error is described together with the place where it was raised; its traceback is written to a
    log, and the exit code is 1, or 2 if a file cannot be accessed or decoded, memory runs out or a package is missing.
    MTKD_TRACEBACK=1 shows the traceback instead. If the output is closed (``mtkd configs | head``), the command ends
    without a message.

    Args:
        main: the command.
        folder: the folder for the log of an unexpected error; if it does not exist or the log cannot be written there, the
            log is a temporary file.

    Returns:
        The exit code: that of ``main`` (None counts as 0), or of the error; 130 after Ctrl-C.

    Raises:
        Exception: the error itself, if MTKD_TRACEBACK=1.
    """
    try:
        code = main() or 0
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print('stopped; files written so far are kept, and mtkd train --resume continues from the newest checkpoint',
              file=sys.stderr)
        return STOPPED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _reader_is_gone():
            return CLOSED_PIPE
        if getattr(error, 'stopped', False):  # stopped by a signal, which is not an error
            print(error, file=sys.stderr)
            return int(error.exit_code)  # type: ignore[attr-defined]
        if os.environ.get('MTKD_TRACEBACK') == '1':
            raise
        if is_deliberate(error):
            print(f'error: {one_sentence(error)}\n(MTKD_TRACEBACK=1 shows where it was raised)', file=sys.stderr)
            return int(getattr(error, 'exit_code', MISTAKE))
        sentence, code = explained(error)
        log = write_log(error, folder)
        print(f'error: {sentence}\n'
              f'({f"the traceback is in {log}; " if log else ""}MTKD_TRACEBACK=1 shows it here)', file=sys.stderr)
        return code


def _reader_is_gone() -> bool:
    """Whether the reader of the standard output has closed it; if so, nothing more is written to it."""
    if not hasattr(select, 'poll'):
        return False
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    if not any(event & select.POLLERR for _, event in poll.poll(0)):
        return False
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes stdout again at exit
    return True


def is_deliberate(error: BaseException) -> bool:
    """Whether an error was raised by a ``raise`` statement outside the libraries, so that its message is for the user.

    Other errors come from an expression that failed, or from the internals of a library.
    """
    if not isinstance(error, MISTAKES) or not one_sentence(error):
        return False
    where = _origin(error)
    return where is not None and not _is_library(where[0]) and \
        linecache.getline(where[0], where[1]).strip().startswith('raise')


def one_sentence(error: BaseException) -> str:
    """The message of an error, without the traceback that a data loader worker adds and without an error number."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if 'Original Traceback' in text:
        text = text.strip().splitlines()[-1]
    return re.sub(r'^\[Errno -?\d+\] ', '', text.strip())


def explained(error: BaseException) -> tuple[str, int]:
    """The message for an error that was not raised on purpose, and its exit code."""
    said, name, place = one_sentence(error).splitlines(), type(error).__name__, _place(error)
    text = (said[0] if said else '').rstrip('.')
    match error:
        case OSError() if error.errno in _CURES:
            file = ' and '.join(str(name) for name in (error.filename, error.filename2) if name is not None)
            return f'{f"{file}: " if file else ""}{_CURES[error.errno]} (at {place}).', MISTAKE
        case ModuleNotFoundError() if error.name and not error.name.startswith('mtkd'):
            return (f"the Python package '{error.name}' is needed at {place} and is not installed: install it into the "
                    f'environment that mtkd runs in.'), MISTAKE
        case MemoryError():
            return f'{name} at {place}: {text or "out of memory"}; use a smaller batch_size or smaller images.', MISTAKE
        case UnicodeDecodeError():
            return f'a file that should be UTF-8 text is not ({text}, at {place}): correct or replace it.', MISTAKE
    if name == 'OutOfMemoryError' or 'not enough memory' in text or 'out of memory' in text.lower():
        return (f'out of memory at {place}: use a smaller batch_size of train_dataloader, smaller images, or --amp bf16 '
                f'({text}).'), MISTAKE
    if isinstance(error, KeyError):
        text = f"there is no key '{text}'"
    return (f'unexpected {name} at {place}: {text or "no message"}. If a value of the config or the command line '
            f'is the cause, correct it; otherwise please report this with the traceback.'), FAULT


def write_log(error: BaseException, folder: Path | None) -> Path | None:
    """Append an error's traceback to the log of a work dir, or to a temporary file; None if neither can be written."""
    text = f'{datetime.datetime.now().isoformat(timespec="seconds")} {" ".join(sys.argv)}\n' \
           f'{"".join(traceback.format_exception(error))}\n'
    rank = os.environ.get('RANK') or os.environ.get('SLURM_PROCID') or '0'
    if folder is not None and folder.is_dir():
        path = folder / (LOG if rank == '0' else f'traceback_rank{rank}.log')
        try:
            with path.open('a', encoding='utf-8') as file:
                file.write(text)
            return path
        except OSError:
            pass
    try:
        handle, name = tempfile.mkstemp(prefix='mtkd-traceback-', suffix='.log', text=True)
        with os.fdopen(handle, 'w', encoding='utf-8') as file:
            file.write(text)
    except OSError:
        return None
    return Path(name)


def _origin(error: BaseException) -> tuple[str, int, str] | None:
    """File, line and function that raised an error; for an error in a data loader worker, those in the worker."""
    within = re.findall(r'File "([^"]+)", line (\d+), in (\S+)', str(error)) if 'Original Traceback' in str(error) else []
    if within:
        file, line, function = within[-1]
        return file, int(line), function
    frames = traceback.extract_tb(error.__traceback__)
    return (frames[-1].filename, frames[-1].lineno or 0, frames[-1].name) if frames else None


def _place(error: BaseException) -> str:
    """The innermost frame outside the libraries, as text."""
    where = _origin(error)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]
    if own and (where is None or _is_library(where[0])):
        where = (own[-1].filename, own[-1].lineno or 0, own[-1].name)
    if where is None:
        return 'an unknown place'
    path = Path(where[0])
    shown = path.relative_to(_PACKAGE.parent) if path.is_relative_to(_PACKAGE) else path
    return f'{shown}:{where[1]} ({where[2]})'


def _is_library(file: str) -> bool:
    """Whether a file belongs to Python or to an installed package other than mtkd."""
    return file.startswith('<') or (file.startswith(_LIBRARIES) and not Path(file).is_relative_to(_PACKAGE))
