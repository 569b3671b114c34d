"""Logs a line at the end of every logging interval and of the training."""

from typing import Any

from mmengine.hooks import LoggerHook

from ...registry import HOOKS


@HOOKS.register_module('LoggerHook')
class IntervalLoggerHook(LoggerHook):
    """MMEngine's LoggerHook, but with a training line exactly when new means are available.

    MMEngine's hook also writes a line at the end of short epochs, which would show old means, and none for an interval that
    is cut off by the end of training. Its ``interval`` is the only logging interval of a run: the engine passes it to every
    hook that collects logged values.
    """

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Write a line at the end of the interval or training."""
        done = runner.iter + 1
        if done % self.interval and done != runner.max_iters:
            return
        tag, line = runner.log_processor.get_log_after_iter(runner, batch_idx, 'train')
        runner.logger.info(line)
        runner.visualizer.add_scalars(tag, step=done, file_path=self.json_log_path)
