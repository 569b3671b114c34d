"""KL divergence between two softmaxes over scores with many keys, computed in chunks."""

from typing import Any

import torch
from torch import Tensor

LIMIT = 4 * 2 ** 20  # bytes of one matrix of scores, small enough for a cache; two exist at a time


class _ChunkedKL(torch.autograd.Function):
    """Computes the scores in chunks, again in the backward pass; there is no gradient for the teacher.

    Between the passes it keeps the logarithms of the sums of both softmaxes, one number per row.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, keys: Tensor, teacher_rows: Tensor, teacher_keys: Tensor | None, kept: Tensor | None,
                tau: float) -> Tensor:
        theirs_of = keys if teacher_keys is None else teacher_keys
        value, ours_sum, theirs_sum = (rows.new_empty(len(rows)) for _ in range(3))
        for piece in _pieces(rows, keys):
            ours, theirs = _scores(rows[piece], keys, teacher_rows[piece], theirs_of, kept, tau)
            ours_sum[piece], theirs_sum[piece] = ours.logsumexp(1), theirs.logsumexp(1)
            apart = ours.sub_(theirs)
            probs = theirs.sub_(theirs_sum[piece, None]).exp_()
            value[piece] = ours_sum[piece] - theirs_sum[piece] - torch.linalg.vecdot(probs, apart)
        ctx.save_for_backward(rows, keys, teacher_rows, teacher_keys, kept, ours_sum, theirs_sum)
        ctx.tau = tau
        return value

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, keys, teacher_rows, teacher_keys, kept, ours_sum, theirs_sum = ctx.saved_tensors
        theirs_of = keys if teacher_keys is None else teacher_keys
        own, other = torch.empty_like(rows), torch.zeros_like(keys)
        factor = grad[:, None] / ctx.tau
        for piece in _pieces(rows, keys):
            ours, theirs = _scores(rows[piece], keys, teacher_rows[piece], theirs_of, kept, ctx.tau)
            slope = ours.sub_(ours_sum[piece, None]).exp_().sub_(theirs.sub_(theirs_sum[piece, None]).exp_())
            own[piece] = slope @ keys
            other.addmm_(slope.T, rows[piece] * factor[piece])
        return own.mul_(factor), other, None, None, None, None


def _pieces(rows: Tensor, keys: Tensor) -> list[slice]:
    step = max(LIMIT // (len(keys) * rows.element_size()), 1)
    return [slice(start, start + step) for start in range(0, len(rows), step)]


def _scores(rows: Tensor, keys: Tensor, teacher_rows: Tensor, teacher_keys: Tensor, kept: Tensor | None,
            tau: float) -> tuple[Tensor, Tensor]:
    ours, theirs = (rows / tau) @ keys.T, (teacher_rows / tau) @ teacher_keys.T
    if kept is not None:
        low = torch.finfo(rows.dtype).min / 4
        ours, theirs = ours.masked_fill_(~kept, low), theirs.masked_fill_(~kept, low)
    return ours, theirs


def chunked_kl(rows: Tensor, keys: Tensor, teacher_rows: Tensor, teacher_keys: Tensor | None = None,
               kept: Tensor | None = None, tau: float = 1.0) -> Tensor:
    """KL(softmax(t kᵀ / τ) || softmax(s kᵀ / τ)) of each row, over all keys.

    No matrix of rows × keys is stored: chunks have at most 4 MB.

    Args:
        rows: (M, C) of the student.
        keys: (Q, C) of the student; may carry a gradient.
        teacher_rows: (M, C').
        teacher_keys: (Q, C'); None: those of the student.
        kept: (Q,) bool: the keys to use; None: all.
        tau: τ.

    Returns:
        (M,).
    """
    return _ChunkedKL.apply(rows, keys, teacher_rows, teacher_keys, kept, tau)
