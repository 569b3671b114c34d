"""Teachers with only the k largest scores, as stored by a cache of many classes."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms
from .output_wrapper import OutputWrapper

RESTS = ('even', 'none')


def keep_top_k(log_probs: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """(B, C, …) -> the k largest logarithms of probabilities, (B, k, …), and their classes, (B, k, …) int64."""
    top = log_probs.topk(k, dim=1)
    return top.values, top.indices


def from_top_k(values: Tensor, classes: Tensor, channels: int, rest: str = 'even') -> Tensor:
    """Reconstruct the log-probabilities of a distribution from its k largest.

    Args:
        values: (B, k, …) logarithms of probabilities.
        classes: (B, k, …) int64.
        channels: C.
        rest: ``'even'``: the remaining probability is distributed evenly over the other classes; ``'none'``: the k are
            renormalised and the others have probability 0 (e⁻³⁰ of the smallest, so that logarithms stay finite).

    Returns:
        (B, C, …).
    """
    kept = values.exp().sum(1, keepdim=True)
    if rest == 'none' or values.shape[1] == channels:
        values = values - kept.log()
        other = values.amin(1, keepdim=True) - 30
    else:
        tiny = torch.finfo(values.dtype).tiny
        other = ((1 - kept).clamp_min(tiny) / (channels - values.shape[1])).log()
    whole = other.expand(-1, channels, *values.shape[2:]).clone()
    return whole.scatter_(1, classes, values)


@DISTILL_LOSSES.register_module()
class TopKTeacher(OutputWrapper):
    """Applies another loss on outputs to a teacher of which only the k most probable classes are known::

        loss=dict(type='TopKTeacher', k=8, loss=dict(type='PlainKD'))

    It simulates a cache of the k largest scores with a live teacher, so that the loss of accuracy can be measured before
    such a cache is written; it is composed of :func:`keep_top_k` and :func:`from_top_k`.

    Args:
        loss: the wrapped loss or its config.
        k: number of classes; all, if there are fewer.
        rest: see :func:`from_top_k`.

    Raises:
        ValueError: ``k`` is not positive, or an unknown ``rest``.

    Source: Shen and Xing, ECCV 2022, "A fast knowledge distillation framework for visual recognition", section 3.2: marginal
    smoothing ('even') and marginal renormalisation ('none') of the k largest, k = 5 to 20 of 1,000 classes. Implemented from
    the paper, not compared with its code.
    """

    method = Method('Top-k logits', 'Shen and Xing 2022', 'outputs', 'any', {'k': 3, 'loss': {'type': 'PlainKD'}},
                    'wraps any loss on outputs')

    def __init__(self, loss: DistillLoss | Mapping[str, Any], k: int, rest: str = 'even') -> None:
        super().__init__(loss)
        if k < 1 or rest not in RESTS:
            raise ValueError(f"TopKTeacher: k={k}, rest='{rest}'; give a positive k and one of {', '.join(RESTS)}.")
        self.k, self.rest = k, rest

    def _kept(self, scores: Tensor) -> Tensor:
        channels = scores.shape[1]
        return from_top_k(*keep_top_k(scores, min(self.k, channels)), channels, self.rest)

    def compare(self, student: Any, teacher: Any, mask: Any, **asked: Any) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        teachers = self._kept(teacher) if isinstance(teacher, Tensor) else \
            None if teacher is None else tuple(self._kept(part) for part in teacher)
        return self.inner(student, teachers, mask, **asked)
