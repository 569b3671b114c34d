"""A user's mistake is answered with one sentence and an exit code, not with a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

MISTAKES = (ValueError, KeyError, TypeError, OSError, RuntimeError)


def exit_code(main: Callable[[], int | None]) -> int:
    """Run a command; a mistake that says what is wrong becomes one line on stderr and exit code 2, or the error's own.

    Setting MTKD_TRACEBACK=1 shows the traceback instead.
    """
    try:
        return main() or 0
    except KeyboardInterrupt:
        print('stopped; what was written stays, and --resume goes on from the newest checkpoint', file=sys.stderr)
        return 130
    except MISTAKES as error:
        if getattr(error, 'stopped', False):  # by a signal: no mistake
            print(error, file=sys.stderr)
            return int(error.exit_code)  # type: ignore[attr-defined]
        if os.environ.get('MTKD_TRACEBACK') == '1':
            raise
        print(f'error: {one_sentence(error)}', file=sys.stderr)
        print('(MTKD_TRACEBACK=1 shows where it came from)', file=sys.stderr)
        return getattr(error, 'exit_code', 2)


def one_sentence(error: BaseException) -> str:
    """What an error says, without the frames that a loader worker or MMEngine's builder wraps around it."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if 'Original Traceback' in text:
        text = text.strip().splitlines()[-1]
    return text.strip() or type(error).__name__
