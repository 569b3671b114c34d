"""When a line is logged: at the end of every logging interval, and of the training."""

from typing import Any

from mmengine.hooks import LoggerHook

from ...registry import HOOKS


@HOOKS.register_module('LoggerHook')
class IntervalLoggerHook(LoggerHook):
    """MMEngine's LoggerHook, but a training line is written exactly when there are new means to show.

    MMEngine's writes one at the end of short epochs as well, which would show means of before, and none for an interval that
    the training's end cuts off. Its ``interval`` is the one logging interval of a run: the engine hands it to every hook
    that gathers something for these lines.
    """

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Write a line when the interval is full or training ends."""
        done = runner.iter + 1
        if done % self.interval and done != runner.max_iters:
            return
        tag, line = runner.log_processor.get_log_after_iter(runner, batch_idx, 'train')
        runner.logger.info(line)
        runner.visualizer.add_scalars(tag, step=done, file_path=self.json_log_path)
