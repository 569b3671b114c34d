"""A live progress line for terminals and short runs."""

from collections.abc import Sequence
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ...registry import HOOKS

OTHERS = 84  # columns of the line without the terms


def fitting(parts: Sequence[str], room: int) -> str:
    """As many complete parts as fit into ``room`` columns."""
    line = ''
    for part in parts:
        longer = f'{line}  {part}' if line else part
        if len(longer) > room:
            break
        line = longer
    return line


@HOOKS.register_module()
class ProgressHook(Hook):
    """A bar with iterations, speed, time left and the last terms.

    Args:
        title: title of the line.
        interval: iterations between reads of the terms, which synchronise with the device.
    """

    def __init__(self, title: str, interval: int = 10) -> None:
        self.title = title
        self.interval = interval
        self._bar: Progress | None = None

    def before_train(self, runner: Any) -> None:
        """Show the bar."""
        if is_main_process():
            self._bar = Progress(TextColumn('{task.description:24s}'), BarColumn(bar_width=20), MofNCompleteColumn(),
                                 TextColumn('{task.fields[speed]:>9s}'), TimeRemainingColumn(compact=True),
                                 TextColumn('{task.fields[terms]}'))
            self._task = self._bar.add_task(self.title, total=runner.max_iters, completed=runner.iter, terms='', speed='')
            self._bar.start()

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Advance the bar."""
        if self._bar is None:
            return
        self._bar.advance(self._task)
        if (batch_idx + 1) % self.interval == 0 or batch_idx == 0:
            speed = self._bar.tasks[0].speed
            terms = [f'{name} {float(value):.3g}' for name, value in (outputs or {}).items() if name != 'loss']
            self._bar.update(self._task, speed=f'{speed:.1f} it/s' if speed else '',
                             terms=fitting(terms, self._bar.console.width - OTHERS))

    def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
        """Show the first metric of each task above the bar."""
        if self._bar is None or not metrics:
            return
        firsts: dict[str, str] = {}
        for name, value in metrics.items():
            firsts.setdefault(name.partition('/')[0], f'{name} {value:.4g}')
        shown = fitting(list(firsts.values()), self._bar.console.width - 30)
        self._bar.console.print(f'validation at {runner.iter}: {shown}', highlight=False)

    def after_train(self, runner: Any) -> None:
        """Stop the bar; its last state stays visible."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
