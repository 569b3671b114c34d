"""Sums of products over rows and columns for the Cauchy-Schwarz and Pearson losses, in few passes."""

from typing import Any

import torch
from torch import Tensor


class _Products(torch.autograd.Function):
    """Saves only its two inputs for the backward pass, whereas the plain form saves every full-size product."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        ctx.save_for_backward(student, teacher)
        ctx.set_materialize_grads(False)
        cross = student * teacher
        square = student * student
        return cross.sum(1), square.sum(1), cross.sum(2).sum(0), square.sum(2).sum(0)

    @staticmethod
    def backward(ctx: Any, row_cross: Tensor | None, row_square: Tensor | None, column_cross: Tensor | None,
                 column_square: Tensor | None) -> tuple[Tensor, None]:
        student, teacher = ctx.saved_tensors
        grad = torch.zeros_like(student)
        for slope, factor, value in ((row_cross, teacher, 1), (column_cross, teacher, 1),
                                     (row_square, student, 2), (column_square, student, 2)):
            if slope is not None:
                grad = grad.addcmul_(factor, slope[..., None, :] if slope.ndim > 1 else slope[:, None], value=value)
        return grad, None


def products(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Σ s·t and Σ s² over the channels of each row, and over the rows of each channel.

    Args:
        student: (B, C, N).
        teacher: (B, C, N); receives no gradient.

    Returns:
        row Σ_c s·t (B, N), row Σ_c s² (B, N), column Σ_bn s·t (C,), column Σ_bn s² (C,).
    """
    return _Products.apply(student, teacher)
