"""How many labels of each task training sees, from which data set."""

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook

from ...registry import HOOKS


@HOOKS.register_module()
class LabelCountHook(Hook):
    """Counts labelled samples per task and data set.

    At the start it writes one line per data set: its samples, and how many have a label of each task (where the data set
    knows). Every ``interval`` iterations the number of labelled samples of each task since the last time, over all ranks,
    joins the logged scalars as ``labelled/<task>``, and at the end one line per data set says what was seen since the run
    was started or resumed.

    Args:
        interval: iterations between writing; give LoggerHook the same.
    """

    def __init__(self, interval: int = 50) -> None:
        if interval < 1:
            raise ValueError(f'LabelCountHook(interval={interval}): give 1 or more iterations.')
        self.interval = interval
        self._sets: list[str] = []
        self._tasks: list[str] = []

    def before_train(self, runner: Any) -> None:
        """Name the data sets and what they hold."""
        dataset = runner.train_dataloader.dataset
        leaves = getattr(dataset, 'datasets', [dataset])
        self._sets = [leaf.name for leaf in leaves]
        self._tasks = list(dataset.kinds)
        self._place = {name: row for row, name in enumerate(self._sets)}
        self._recent = torch.zeros(len(self._sets), 1 + len(self._tasks), dtype=torch.int64)  # samples, then tasks
        self._seen = self._recent.clone()
        for leaf in leaves:
            counts = leaf.label_counts() if hasattr(leaf, 'label_counts') else None
            runner.logger.info(f'training data {leaf.name}: {len(leaf)} samples' + (
                f', labelled: {_listed(counts)}' if counts is not None else ''))

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Count one batch; log when the interval is full or training ends."""
        rows = torch.tensor([self._place[meta['dataset']] for meta in data_batch['meta']])
        present = torch.stack([torch.ones(len(rows), dtype=torch.bool),
                               *(data_batch['present'][task].cpu() for task in self._tasks)], 1)
        self._recent.index_add_(0, rows, present.long())
        if (runner.iter + 1) % self.interval == 0 or runner.iter + 1 == runner.max_iters:
            for task, count in zip(self._tasks, self._gathered().sum(0)[1:].tolist(), strict=True):
                runner.message_hub.update_scalar(f'train/labelled/{task}', count)

    def after_train(self, runner: Any) -> None:
        """Say what was seen of each data set."""
        self._gathered()
        for name, (samples, *counts) in zip(self._sets, self._seen.tolist(), strict=True):
            runner.logger.info(f'seen in training of {name}: {samples} samples, labelled: '
                               f'{_listed(dict(zip(self._tasks, counts, strict=True)))}')

    def _gathered(self) -> torch.Tensor:
        """(sets, 1 + tasks) what all ranks have counted since the last time."""
        recent = self._recent.clone()
        all_reduce(recent)
        self._seen += recent
        self._recent.zero_()
        return recent


def _listed(counts: dict[str, int]) -> str:
    return ', '.join(f'{task} {count}' for task, count in counts.items())
