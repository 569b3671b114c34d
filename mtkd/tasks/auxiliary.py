"""Supervision of auxiliary predictions by the labels of their task."""

from functools import lru_cache

import torch.nn.functional as F
from torch import Tensor

from ..losses.base import per_sample
from ..structures import PerSample
from .prob_views import ProbView
from .prob_views.soft_bins import SoftBins
from .prob_views.sphere_bins import SphereBins
from .task import Task


def aux_losses(task: Task, out: Tensor, target: Tensor) -> dict[str, PerSample]:
    """The loss terms of a task for an auxiliary prediction, which may have another form, like :meth:`Task.losses`.

    - The same number of channels as the task's output: the task's own loss.
    - Two channels for a binary task with one: the loss of their difference, which is the logit of a two-way softmax.
    - K channels for depth or normals: cross-entropy with the bin of the label. The bins are those of the task's probability
      view if it has K of them, otherwise logarithmic bins from .7 to 10 m, or a spiral of directions.

    Source: ATRC's auxiliary heads, fact sheet 4.3 (40 log bins of depth, 40 clusters of normals, 2 classes of edge); its
    clusters are k-means centroids of the data set, which ``prob_view=dict(type='sphere_bins', centroids=FILE)`` gives.

    Args:
        task: the task of the labels.
        out: (B, K, h, w).
        target: (B, ...) in the kind's tensor form.

    Returns:
        Term name -> (sum (B,), count (B,)).

    Raises:
        ValueError: none of these applies.
    """
    channels = out.shape[1]
    if channels == task.out_channels:
        return task.losses(out, target)
    if task.kind.name in ('binary_map', 'edge_map') and (channels, task.out_channels) == (2, 1):
        return task.losses(out[:, 1:] - out[:, :1], target)
    bins = _bins(task, channels)
    resized = task.resize(out, (target.shape[-2], target.shape[-1]))
    nearest = bins.scores(target.float()).argmax(1)
    return {'bins_ce': per_sample(F.cross_entropy(resized, nearest, reduction='none'), task.kind.valid(target))}


def _bins(task: Task, count: int) -> ProbView:
    view = task.prob_view
    if (isinstance(view, SoftBins) and view.num_bins == count) or \
            (isinstance(view, SphereBins) and view.directions.shape[0] == count):
        return view
    if task.kind.name not in ('depth', 'normals'):
        raise ValueError(f"Task '{task.name}' has {task.out_channels} channels and an auxiliary prediction with {count}: no "
                         f'loss is known for that; give the network {task.out_channels} of them.')
    return _standard(task.kind.name, count, getattr(task, 'z_sign', -1))


@lru_cache
def _standard(kind: str, count: int, z_sign: int) -> ProbView:
    return SoftBins(num_bins=count) if kind == 'depth' else SphereBins(num_bins=count, z_sign=z_sign)
