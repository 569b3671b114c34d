"""Console output of a run: progress and results. All other messages go to the log file of the work dir."""

import logging
import os
import sys
from typing import Any

from mmengine.hooks import Hook, LoggerHook
from mmengine.runner import Runner
from torch import Tensor

VERBOSE = 'MTKD_VERBOSE'  # environment variable; any value except '' and '0' shows the complete log on the console
PROGRESS = ('Iter(', 'Epoch(')
NOT_FOR_USERS = ('"FileClient" will be deprecated', '"HardDiskBackend" is the alias')  # warnings about MMEngine's calls


def verbose() -> bool:
    """Whether the console shows the complete log."""
    return os.environ.get(VERBOSE, '') not in ('', '0')


class ScreenFilter(logging.Filter):
    """Logging filter that passes warnings and progress lines.

    Args:
        lines: whether progress lines are shown; a live bar replaces them.
    """

    def __init__(self, lines: bool) -> None:
        super().__init__()
        self.lines = lines

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            return not text.startswith(NOT_FOR_USERS)
        return self.lines and text.startswith(PROGRESS)


def quieten(logger: logging.Logger, lines: bool) -> None:
    """Show only warnings and, with ``lines``, progress of a logger on the console; its files contain everything."""
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            handler.addFilter(ScreenFilter(lines))


def live() -> bool:
    """Whether the console supports a live progress bar."""
    return not verbose() and sys.stdout.isatty()


class ConsoleHook(Hook):
    """Shows the losses of the first step and, at the end, a table of the last validation."""

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Show the terms of the first step; later ones are shown at the logging interval."""
        every_step = any(isinstance(hook, LoggerHook) and hook.interval == 1 for hook in runner.hooks)
        if batch_idx or every_step or not isinstance(outputs, dict):
            return
        values = {name: value.item() if isinstance(value, Tensor) else float(value) for name, value in outputs.items()}
        terms = '  '.join(f'{name}: {value:.4f}' for name, value in values.items())
        runner.logger.info(f'Iter(train) [{1:{len(str(runner.max_iters))}d}/{runner.max_iters}]  first step  {terms}')

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Store the metrics."""
        self._last = dict(metrics or {})

    def after_train(self, runner: Runner) -> None:
        """Print the table."""
        if self._last:
            for line in table(self._last):
                print(line, flush=True)


def table(metrics: dict[str, float]) -> list[str]:
    """Format ``<task>/<metric>`` -> value with one line per task."""
    tasks: dict[str, list[str]] = {}
    for name, value in metrics.items():
        task, _, metric = name.partition('/')
        tasks.setdefault(task, []).append(f'{metric} {value:.4g}')
    width = max(map(len, tasks))
    return ['last validation', *(f'  {task:{width}}  {"  ".join(parts)}' for task, parts in tasks.items())]
