"""Data distillation: labels from a teacher's predictions for several views of an image, and their use as a teacher."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models import Taps, TapSpec
from ..registry import TEACHERS
from .teacher import Teacher

VIEWS = ('identity', 'hflip', 'scale:0.9', 'scale:1.1')


def check_views(names: Sequence[str]) -> None:
    """Check that all views are known and different.

    Raises:
        ValueError: there are no views, one is unknown, or one is duplicate.
    """
    for name in names:
        if name not in ('identity', 'hflip') and _scale(name) is None:
            raise ValueError(f"pseudo_labels.transforms: '{name}' is unknown; choose 'identity', 'hflip' or 'scale:1.1' "
                             f'(any factor from 0.5 to 2).')
    if not names or len(set(names)) < len(names):
        raise ValueError(f'pseudo_labels.transforms={list(names)}: give at least one, without duplicates.')


def _scale(name: str) -> float | None:
    kind, _, factor = name.partition(':')
    try:
        return float(factor) if kind == 'scale' and 0.5 <= float(factor) <= 2 else None
    except ValueError:
        return None


def view(image: Tensor, name: str) -> Tensor:
    """One view of a batch of images, of the same size.

    Args:
        image: (B, 3, H, W) uint8.
        name: ``'identity'``; ``'hflip'``, mirrored; or ``'scale:f'``, zoomed by f about the centre, cropped for f > 1 and
            padded by repeating the border for f < 1.

    Source: fact sheet 1.4.2 step 3 names the views; the exact crops are our choice.
    """
    if name == 'identity':
        return image
    if name == 'hflip':
        return image.flip(3)
    factor = _scale(name)
    assert factor is not None
    height, width = image.shape[2:]
    size = (max(round(height * factor), 1), max(round(width * factor), 1))
    zoomed = F.interpolate(image.float(), size, mode='bilinear', align_corners=False, antialias=True)
    if factor > 1:
        top, left = (size[0] - height) // 2, (size[1] - width) // 2
        zoomed = zoomed[:, :, top:top + height, left:left + width]
    else:
        top, left = (height - size[0]) // 2, (width - size[1]) // 2
        zoomed = F.pad(zoomed, (left, width - size[1] - left, top, height - size[0] - top), mode='replicate')
    return zoomed.round().clamp(0, 255).to(torch.uint8)


@torch.no_grad()
def soft_labels(teacher: Teacher, image: Tensor, tasks: Sequence[str], views: Sequence[str] = VIEWS) -> dict[str, Tensor]:
    """A teacher's predictions, averaged over views.

    Args:
        teacher: has taps ``<task>.out``, logits over classes or bins.
        image: (B, 3, H, W) uint8 RGB.
        tasks: the tasks to predict.
        views: see :func:`view`.

    Returns:
        task -> (B, C) float32, the mean of the views' softmax.

    Source: data distillation; fact sheet 1.4.2, step 3.
    """
    taps = [f'{task}.out' for task in tasks]
    total: dict[str, Tensor] = {}
    for name in views:
        outputs = teacher(view(image, name), taps)
        for task, tap in zip(tasks, taps, strict=True):
            probs = outputs[tap].float().flatten(1).softmax(1)
            total[task] = total[task] + probs if task in total else probs
    return {task: value / len(views) for task, value in total.items()}


@TEACHERS.register_module()
class PseudoLabels(Teacher):
    """Precomputed pseudo-labels as a teacher: its taps ``<task>.probs`` are part of the batch.

    It has no network. The data set provides the labels (``PseudoLabelled`` of
    :mod:`mtkd.prerequisites.pseudo_labels.dataset`), as the stored taps of this teacher.

    Args:
        outputs: task -> number of classes (bins).
        tasks: the tasks of the student, which every teacher receives; not used.
    """

    def __init__(self, outputs: Mapping[str, int], tasks: Mapping[str, Any] | None = None) -> None:
        super().__init__(nn.Module())
        self._specs = {f'{task}.probs': TapSpec(count, 0) for task, count in outputs.items()}

    @property
    def tap_specs(self) -> dict[str, TapSpec]:
        """One tap per task."""
        return self._specs

    def forward(self, image: Tensor, taps: Collection[str] | None = None) -> Taps:
        """Raise an error, because there is no network to run.

        Raises:
            ValueError: always.
        """
        raise ValueError('Pseudo-labels are computed in advance and are part of training batches, but this batch has none: '
                         "set pseudo_labels=dict(teacher=dict(config='configs/...')) in the config, which adds the teacher "
                         'PseudoLabels.')
