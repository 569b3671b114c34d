"""Base class of task losses, which return a sum and a count per sample."""

import torch
from torch import Tensor

from ..structures import PerSample


class TaskLoss:
    """A supervised loss that never reduces over the batch.

    A loss replaces invalid targets before any log or division, computes in fp32, and gives 0 with a graph where
    nothing is valid. :func:`mtkd.structures.global_ratio` turns its sums and counts into the mean over all valid
    pixels of the batch and all ranks.

    Attributes:
        term: the name of its term, after the task's; must not contain ``loss``, which MMEngine would add up.
    """

    term: str

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """The loss of each sample.

        Args:
            pred: (B, C, ...), the head's output at the target's size.
            target: (B, ...), in the kind's tensor form.
            valid: (B, ...) bool, without a channel axis; other places do not count.

        Returns:
            (B,) float32 sums over the valid places, and (B,) float32 counts of these.
        """
        raise TypeError(f'{type(self).__name__} has no formula')


def per_sample(values: Tensor, valid: Tensor) -> PerSample:
    """Sum ``values`` (B, ...) over the ``valid`` (B, ...) elements of each sample, and count these."""
    num_samples = values.shape[0]
    kept = torch.where(valid, values, 0.0)
    return kept.reshape(num_samples, -1).sum(1), valid.reshape(num_samples, -1).sum(1).float()


def unit(vectors: Tensor, eps: float) -> Tensor:
    """Normalise (B, 3, H, W) vectors; ``eps`` under the root keeps a zero vector and its gradient finite."""
    return vectors * torch.rsqrt(vectors.square().sum(1, keepdim=True) + eps)
