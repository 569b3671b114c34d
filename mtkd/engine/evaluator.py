"""The metrics of all tasks as one MMEngine metric: one record per sample, gathered over ranks and summarised."""

import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

import torch
from mmengine.dist import all_gather_object
from mmengine.evaluator import BaseMetric
from torch import Tensor

from ..metrics import TaskMetric
from ..registry import METRICS
from ..tasks import build_tasks

_START_S = 5.0  # a worker imports torch and MMEngine first
Record = dict[str, Any]  # task -> (K,) float64, its Future, or None if the sample has no label


@METRICS.register_module()
class TaskMetrics(BaseMetric):
    """Computes the metrics of all tasks.

    Args:
        tasks: name -> task config; set by the engine.
        slow: whether to compute slow metrics (boundary odsF); off in validation during training.
        workers: number of processes for slow metrics; 0: compute in this process; None: one per core, started once this
            process has spent as long on slow metrics as the processes take to start. The numbers do not depend on it.

    Attributes:
        summary: task -> metric name -> value, after :meth:`evaluate`.
    """

    default_prefix = ''

    def __init__(self, tasks: Mapping[str, Any], slow: bool = True, workers: int | None = None) -> None:
        super().__init__(collect_device='cpu')
        self.metrics: dict[str, TaskMetric] = {
            name: metric for name, task in build_tasks(tasks).items()
            if not (metric := task.metric()).slow or slow}
        self.workers = (os.cpu_count() or 1) if workers is None else workers
        self._alone_s = _START_S if workers is None else 0.0  # time left to spend in this process
        self.summary: dict[str, dict[str, float]] = {}
        self.results: list[Record] = []
        self._pool: ProcessPoolExecutor | None = None

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Record each sample of a batch; slow metrics are computed by worker processes in parallel."""
        for sample in data_samples:
            self.results.append({task: self._record(metric, sample['pred'][task], sample['target'][task])
                                 if sample['present'][task] else None for task, metric in self.metrics.items()})

    def _record(self, metric: TaskMetric, pred: Tensor, target: Tensor) -> Tensor | Future:
        if not metric.slow or self.workers < 1:
            return metric.record(pred, target).cpu()
        if self._alone_s > 0 and self._pool is None:
            begun = time.perf_counter()
            record = metric.record(pred, target).cpu()
            self._alone_s -= time.perf_counter() - begun
            return record
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, mp_context=multiprocessing.get_context('spawn'))
        return self._pool.submit(_record_arrays, metric, pred.cpu().numpy(), target.cpu().numpy())

    def evaluate(self, size: int) -> dict[str, float]:
        """Wait for the workers, gather over ranks, and summarise on every rank.

        MMEngine's gathering truncates every rank to the smallest number of samples; this one keeps each sample once.

        Raises:
            RuntimeError: the number of records differs from the number of samples.
        """
        if self._pool is not None:
            self.results = [{task: torch.from_numpy(r.result()) if isinstance(r, Future) else r
                             for task, r in record.items()} for record in self.results]
            self._pool.shutdown()
            self._pool = None
        results = [record for rank in all_gather_object(self.results) for record in rank]
        self.results = []
        if len(results) != size:
            raise RuntimeError(f'{len(results)} samples were scored, the data set has {size}: use '
                               f"sampler=dict(type='EvalSampler') in the dataloader.")
        return self.compute_metrics(results)

    def compute_metrics(self, results: list[Record]) -> dict[str, float]:
        """Records of all samples -> ``{'semseg/mIoU': 36.4, …}``; tasks without labelled samples are omitted."""
        self.summary = {}
        for task, metric in self.metrics.items():
            records = [record[task] for record in results if record[task] is not None]
            if records:
                self.summary[task] = metric.summarise(torch.stack(records))
        return {f'{task}/{name}': value for task, values in self.summary.items() for name, value in values.items()}


def _record_arrays(metric: TaskMetric, pred: Any, target: Any) -> Any:
    torch.set_num_threads(1)
    return metric.record(torch.from_numpy(pred), torch.from_numpy(target)).numpy()
