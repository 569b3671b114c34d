"""KL divergence between two softmaxes over scores with many keys, computed in chunks."""

from typing import Any

import torch
from torch import Tensor

LIMIT = 32 * 2 ** 20  # bytes of one matrix of scores; two exist at a time


class _ChunkedKL(torch.autograd.Function):
    """Computes the scores in chunks, again in the backward pass; there is no gradient for the teacher."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, keys: Tensor, teacher_rows: Tensor, teacher_keys: Tensor | None, kept: Tensor | None,
                tau: float) -> Tensor:
        ctx.save_for_backward(rows, keys, teacher_rows, teacher_keys, kept)
        ctx.tau = tau
        teacher_keys = keys if teacher_keys is None else teacher_keys
        parts = []
        for piece in _pieces(rows, keys):
            ours, theirs = _log_probs(rows[piece], keys, teacher_rows[piece], teacher_keys, kept, tau)
            parts.append((theirs.exp() * (theirs - ours)).sum(1))
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        rows, keys, teacher_rows, teacher_keys, there = ctx.saved_tensors
        teacher_keys = keys if teacher_keys is None else teacher_keys
        own, other = torch.empty_like(rows), torch.zeros_like(keys)
        for piece in _pieces(rows, keys):
            ours, theirs = _log_probs(rows[piece], keys, teacher_rows[piece], teacher_keys, there, ctx.tau)
            slope = (ours.exp() - theirs.exp()) * (grad[piece, None] / ctx.tau)
            own[piece] = slope @ keys
            other += slope.T @ rows[piece]
        return own, other, None, None, None, None


def _pieces(rows: Tensor, keys: Tensor) -> list[slice]:
    step = max(LIMIT // (len(keys) * rows.element_size()), 1)
    return [slice(start, start + step) for start in range(0, len(rows), step)]


def _log_probs(rows: Tensor, keys: Tensor, teacher_rows: Tensor, teacher_keys: Tensor, kept: Tensor | None,
               tau: float) -> tuple[Tensor, Tensor]:
    ours, theirs = rows @ keys.T / tau, teacher_rows @ teacher_keys.T / tau
    if kept is not None:
        low = torch.finfo(rows.dtype).min / 4
        ours, theirs = ours.masked_fill(~kept, low), theirs.masked_fill(~kept, low)
    return ours.log_softmax(1), theirs.log_softmax(1)


def chunked_kl(rows: Tensor, keys: Tensor, teacher_rows: Tensor, teacher_keys: Tensor | None = None,
               kept: Tensor | None = None, tau: float = 1.0) -> Tensor:
    """KL(softmax(t kᵀ / τ) || softmax(s kᵀ / τ)) of each row, over all keys.

    No matrix of rows × keys is stored: chunks have at most 32 MB.

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
