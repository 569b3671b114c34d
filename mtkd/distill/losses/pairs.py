"""Sample vectors for losses over pairs of samples, gathered from all ranks, with their validity."""

from torch import Tensor

from ...structures import all_rows
from .distill_loss import counted_samples, mask_at, masked

POOLS = ('flatten', 'mean')


def check_pool(name: str, pool: str) -> None:
    """Check that a pooling is known.

    Raises:
        ValueError: ``pool`` is not one of :data:`POOLS`.
    """
    if pool not in POOLS:
        raise ValueError(f"{name}: pool='{pool}' is unknown; choose one of {', '.join(POOLS)}.")


def sample_vectors(view: Tensor, mask: Tensor | None, pool: str = 'flatten') -> Tensor:
    """One vector per sample.

    Args:
        view: (B, C, h, w).
        mask: (B, h', w') bool, the valid pixels, at any size; None: all.
        pool: ``'flatten'``: the whole map, (B, C h w), 0 where masked; ``'mean'``: its mean over valid pixels, (B, C).
    """
    mask = mask_at(mask, (view.shape[2], view.shape[3]))
    shown = masked(view, mask)
    if pool == 'flatten':
        return shown.flatten(1)
    return shown.mean((2, 3)) if mask is None else shown.sum((2, 3)) / mask.flatten(1).sum(1).clamp_min(1)[:, None]


def batch_rows(student: Tensor, teacher: Tensor, mask: Tensor | None,
               pool: str = 'flatten') -> tuple[Tensor, Tensor, Tensor]:
    """The vectors of all samples of all ranks.

    Args:
        student: (B, C, h, w).
        teacher: (B, C', h', w').
        mask: (B, h, w) bool at the student's size, or None.
        pool: see :func:`sample_vectors`.

    Returns:
        student (M, D), teacher (M, D'), and (M,) bool: the samples with valid pixels.
    """
    counts = counted_samples(student, mask)
    return (all_rows(sample_vectors(student, mask, pool)), all_rows(sample_vectors(teacher, mask, pool)),
            all_rows(counts))


def pairs_of(counts: Tensor) -> Tensor:
    """(M,) bool -> (M, M) bool: pairs of valid samples, including each sample with itself."""
    return counts[:, None] & counts[None]
