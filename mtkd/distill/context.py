"""Additional inputs of losses, which ``DistillLoss.asks`` names.

A new input is a function here that is added to :data:`CONTEXT`. In your own training loop, pass the same values to the loss
as keyword arguments.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..structures import Batch, SampleMeta, Size, from_host
from ..tasks import Task
from .masks import at_size


@dataclass(frozen=True)
class Step:
    """One link in one step.

    Attributes:
        batch: the batch.
        task: the link's task.
        size: (h, w) of the student's first view; None for a vector.
        progress: completed fraction of the training, 0 to 1.
        device: device of the student's view.
    """

    batch: Batch
    task: Task
    size: Size | None
    progress: float
    device: torch.device


def target(step: Step) -> Tensor:
    """``target``: the task's label at the size of the student's first view.

    (B, h, w) or (B,) int64 for classes (in a merged label space: relative to it), (B, h, w) or (B,) float32 for
    numbers, (B, 3, h, w) for normals. It is 0 without a valid label, and the link masks these elements: a loss that uses the
    target is computed only on valid labels.
    """
    label = step.batch['targets'][step.task.name]
    valid = target_valid(step)
    if label.ndim == 4 and label.shape[1] == 1:
        label = label[:, 0]
    if label.ndim > 2 and step.size is not None:
        label = at_size(label, step.size)
    elif label.ndim > 2:
        raise ValueError(f"Task '{step.task.name}' has a label map, but the student's tap is a vector, so a loss that uses "
                         f'the target cannot be computed; give a tap that is a map.')
    wide = valid if label.ndim == valid.ndim else valid[:, None]
    if not label.is_floating_point():
        label = label.long() + getattr(step.task, 'offset', 0)
    return label.masked_fill(~wide, 0)


def target_valid(step: Step) -> Tensor:
    """(B, h, w) or (B,) bool: whether :func:`target` is a valid label."""
    valid = step.task.kind.valid(step.batch['targets'][step.task.name])
    present = step.batch['present'][step.task.name]
    if valid.ndim == 1:
        return valid & present
    valid = at_size(valid, step.size) if step.size is not None else valid
    return valid & present[:, None, None]


def progress(step: Step) -> float:
    """``progress``: the completed fraction of the training, 0 to 1."""
    return step.progress


def index(step: Step) -> Tensor:
    """``index``: (B,) int64, the number of each sample in its training set."""
    return from_host([entry['index'] for entry in step.batch['meta']], step.device)


def check_index(who: str, meta: Sequence[SampleMeta], samples: int | None, known: set[str]) -> None:
    """Check that indices identify the samples of a memory: all of one data set, and below its number of samples.

    Args:
        who: the loss or link, for the message.
        meta: of the samples of a step.
        samples: size of the memory; None: any.
        known: data sets of the steps before; those of this step are added.

    Raises:
        ValueError: the samples are of several data sets, or an index is too large.
    """
    known |= {str(entry.get('dataset')) for entry in meta}
    last = max((entry['index'] for entry in meta), default=-1)
    if len(known) > 1 or (samples is not None and last >= samples):
        raise ValueError(f'{who} has a memory of {samples} samples of one training set, but this batch has index {last} of '
                         f'{sorted(known)}: set samples to the length of the training set, which must be a '
                         f'single data set.')


CONTEXT: Mapping[str, Callable[[Step], Tensor | float]] = {'target': target, 'progress': progress, 'index': index}
