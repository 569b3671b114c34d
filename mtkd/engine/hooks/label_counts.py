"""Counts the labels of each task and data set in training."""

from typing import Any

import torch
from mmengine.dist import all_reduce, is_main_process
from mmengine.hooks import Hook

from ...registry import HOOKS


@HOOKS.register_module()
class LabelCountHook(Hook):
    """Counts labelled samples per task and data set.

    At the start, it logs one line per data set with the number of samples and of labels per task (if known). Every
    ``interval`` iterations, the number of labelled samples of each task since the last time, over all ranks, is logged as
    ``labelled/<task>``. At the end, one line per data set shows the totals since the run was started or resumed.

    Args:
        interval: iterations between log entries; the engine sets that of ``default_hooks.logger``.
    """

    def __init__(self, interval: int = 50) -> None:
        if interval < 1:
            raise ValueError(f'LabelCountHook(interval={interval}): give 1 or more iterations.')
        self.interval = interval
        self._sets: list[str] = []
        self._tasks: list[str] = []
        self._recent: torch.Tensor | None = None  # since the last log entry, of this rank
        self._begun: torch.Tensor | None = None  # the same, summed over all ranks, for a checkpoint

    def before_train(self, runner: Any) -> None:
        """Log the data sets and their labels."""
        dataset = runner.train_dataloader.dataset
        leaves = getattr(dataset, 'datasets', [dataset])
        self._sets = [leaf.name for leaf in leaves]
        self._tasks = list(dataset.kinds)
        self._place = {name: row for row, name in enumerate(self._sets)}
        shape = len(self._sets), 1 + len(self._tasks)  # samples, then tasks
        if self._recent is None or self._recent.shape != shape:
            self._recent = torch.zeros(shape, dtype=torch.int64)
        self._seen = torch.zeros(shape, dtype=torch.int64)
        for leaf in leaves:
            counts = leaf.label_counts() if hasattr(leaf, 'label_counts') else None
            runner.logger.info(f'training data {leaf.name}: {len(leaf)} samples' + (
                f', labelled: {_listed(counts)}' if counts is not None else ''))

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Count one batch; log at the end of the interval or training."""
        rows = torch.tensor([self._place[meta['dataset']] for meta in data_batch['meta']])
        present = torch.stack([torch.ones(len(rows), dtype=torch.bool),
                               *(data_batch['present'][task].cpu() for task in self._tasks)], 1)
        assert self._recent is not None
        self._recent.index_add_(0, rows, present.long())
        if (runner.iter + 1) % self.interval == 0 or runner.iter + 1 == runner.max_iters:
            for task, count in zip(self._tasks, self._gathered().sum(0)[1:].tolist(), strict=True):
                runner.message_hub.update_scalar(f'train/labelled/{task}', count)

    def gather_for_checkpoint(self) -> None:
        """Gather the counts of all ranks since the last log entry; must be called on every rank."""
        assert self._recent is not None
        self._begun = self._recent.clone()
        all_reduce(self._begun)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Store the counts of the current interval."""
        if self._begun is not None:
            checkpoint['label_counts'] = self._begun

    def after_load_checkpoint(self, runner: Any, checkpoint: dict[str, Any]) -> None:
        """Restore the counts of the interval; one rank receives all of them."""
        kept = checkpoint.get('label_counts')
        if kept is not None:
            self._recent = kept.cpu() if is_main_process() else torch.zeros_like(kept.cpu())

    def after_train(self, runner: Any) -> None:
        """Log the totals of each data set."""
        self._gathered()
        for name, (samples, *counts) in zip(self._sets, self._seen.tolist(), strict=True):
            runner.logger.info(f'seen in training of {name}: {samples} samples, labelled: '
                               f'{_listed(dict(zip(self._tasks, counts, strict=True)))}')

    def _gathered(self) -> torch.Tensor:
        """The counts of all ranks since the last call, (data sets, 1 + tasks) int64."""
        assert self._recent is not None
        recent = self._recent.clone()
        all_reduce(recent)
        self._seen += recent
        self._recent.zero_()
        return recent


def _listed(counts: dict[str, int]) -> str:
    return ', '.join(f'{task} {count}' for task, count in counts.items())
