"""Gradients of several losses at one location, their Gramian, and a total that carries precomputed gradients.

No hooks and no second pass are needed: T calls of ``torch.autograd.grad`` inside the forward pass collect, for each task,
the gradients at the shared location and at the leaves beyond it (heads, projectors). The total is then a scalar whose
backward pass gives each tensor its combined gradient. It is linear in the incoming gradient, so that loss scaling, gradient
accumulation, clipping and data-parallel averaging work as for any loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ..structures import world_size

COLUMNS = 1 << 14  # columns per block: 8 rows of float32 fit into the cache of a core
LOOKED_AT = 4  # number of tensors from which a lift is computed
SAMPLE = 4096  # number of entries of each
MOST_BITS = 100  # limit of a lift: its square fits into float64, and its product with an entry of a row into float32


@dataclass(frozen=True)
class Reached:
    """The leaves of a scalar's graph.

    Attributes:
        leaves: the leaves that require a gradient and are reached without passing the stop.
        stopped: whether the stop was reached.
    """

    leaves: list[Tensor]
    stopped: bool


def reach(root: Tensor, stop: Tensor | None = None) -> Reached:
    """Traverse the graph of ``root`` back to its leaves, but not beyond ``stop``."""
    if root.grad_fn is None:
        return Reached([root] if root.requires_grad and root is not stop else [], root is stop)
    end = (stop.grad_fn, stop.output_nr) if stop is not None else None
    leaves: list[Tensor] = []
    stopped = False
    visited: set[Any] = set()
    pending: list[Any] = [(root.grad_fn, root.output_nr)]
    while pending:
        edge = pending.pop()
        node = edge[0]
        if node is None:
            continue
        if edge == end:
            stopped = True
            continue
        if node in visited:
            continue
        visited.add(node)  # keeps the node's Python object alive, and with it its identity, during the traversal
        if type(node).__name__ == 'AccumulateGrad':
            if node.variable is stop:
                stopped = True
            else:
                leaves.append(node.variable)
        pending.extend(node.next_functions)
    return Reached(leaves, stopped)


@dataclass
class TaskGradients:
    """The gradients of T losses.

    Attributes:
        at: the tensors at the shared location.
        rows: (T, N) float32, the gradient of each task there, flattened and multiplied by its lift.
        lifts: (T,) float32, powers of two that scale the gradients to about 1, so that float32 can represent their squares.
        gram: (T, T) float64, the Gramian of the unscaled gradients over all ranks.
        beyond: per task, the leaves beyond the location (task-specific or shared) and the gradients there.
    """

    at: Sequence[Tensor]
    rows: Tensor
    lifts: Tensor
    gram: Tensor
    beyond: list[list[tuple[Tensor, Tensor]]]


def take_gradients(losses: Sequence[Tensor], at: Sequence[Tensor], beyond: Sequence[Sequence[Tensor]], *,
                   replicated: bool, scale: float = 1.0, free: bool = False) -> TaskGradients:
    """Compute the gradient of each loss at ``at`` and at its leaves ``beyond``, with one backward pass per loss.

    Each pass runs back only as far as these tensors. Call it with autocast disabled, as any backward pass.

    Args:
        losses: T scalars.
        at: the shared location: a tap or parameters.
        beyond: per loss, further leaves.
        replicated: whether ``at`` is the same on every rank (parameters: gradients are averaged over ranks before the
            Gramian) or each rank has the part of its own samples (a tap: the Gramian is summed over ranks).
        scale: a temporary factor of the losses, for gradients that would underflow in fp16.
        free: whether the last pass may free the graph, because no other pass follows.
    """
    rows = torch.empty(len(losses), sum(tensor.numel() for tensor in at), device=at[0].device, dtype=torch.float32)
    owned, lifted = [], []
    for t, (row, loss, leaves) in enumerate(zip(rows, losses, beyond, strict=True)):
        here, there = _gradients(loss * scale, at, leaves, retain=not (free and t == len(losses) - 1))
        lift = _lift(here, row)
        lifted.append(lift * scale)
        _fill(row, at, here, lift)
        owned.append([(leaf, gradient / scale if scale != 1.0 else gradient)
                      for leaf, gradient in zip(leaves, there, strict=True) if gradient is not None])
    lifts = torch.stack(lifted)
    if replicated and world_size() > 1:
        common = lifts.clone()
        dist.all_reduce(common, op=dist.ReduceOp.MIN)
        rows.mul_((common / lifts / world_size())[:, None])
        lifts = common
        dist.all_reduce(rows)
    undo = lifts.to(wide(lifts.device)).reciprocal()
    gram = gramian(rows) * undo[:, None] * undo
    if not replicated and world_size() > 1:  # each rank's loss is its share times the number of ranks
        dist.all_reduce(gram)
        gram /= world_size() ** 2
    return TaskGradients(at, rows, lifts, gram, owned)


def wide(device: torch.device) -> torch.dtype:
    """The most precise floating-point type of a device."""
    return torch.float32 if device.type == 'mps' else torch.float64


def gramian(rows: Tensor, others: Tensor | None = None, columns: int = COLUMNS) -> Tensor:
    """R R' or R S' of (T, N) float32 as (T, T) float64: float32 products of column blocks, accumulated in float64.

    A single product over all columns would be slower, and wrong in the fourth digit at 11 million columns (both measured on
    a CPU, 8 rows: docs/mechanisms/balances.md).
    """
    total = torch.zeros(len(rows), len(rows), dtype=wide(rows.device), device=rows.device)
    step = columns if rows.device.type == 'cpu' else 64 * columns
    for start in range(0, rows.shape[1], step):
        block = rows[:, start:start + step]
        total += block @ (block if others is None else others[:, start:start + step]).t()
    return total


def _lift(gradients: Sequence[Tensor | None], row: Tensor) -> Tensor:
    """The power of two that scales a sample of entries of the largest tensors to at most 1; 1 if the sample is 0."""
    there = sorted((g for g in gradients if g is not None), key=Tensor.numel, reverse=True)[:LOOKED_AT]
    one = torch.ones((), device=row.device, dtype=torch.float32)
    if not there:
        return one
    top = torch.stack([_largest(gradient).float() for gradient in there]).amax()
    _, exponent = torch.frexp(top)
    lift = torch.exp2(-exponent.float().clamp(-MOST_BITS, MOST_BITS))
    return torch.where((top > 0) & top.isfinite(), lift, one)


def _largest(gradient: Tensor) -> Tensor:
    """The largest absolute value () among about :data:`SAMPLE` entries, or among all if the tensor is not contiguous."""
    laid_out = gradient.is_contiguous() or (gradient.ndim == 4
                                            and gradient.is_contiguous(memory_format=torch.channels_last))
    step = max(1, gradient.numel() // SAMPLE)
    if not laid_out or step == 1:
        return gradient.abs().amax()
    return gradient.as_strided(((gradient.numel() - 1) // step + 1,), (step,)).abs().amax()


def _gradients(loss: Tensor, at: Sequence[Tensor], beyond: Sequence[Tensor],
               retain: bool) -> tuple[Sequence[Tensor | None], Sequence[Tensor | None]]:
    if not loss.requires_grad:
        return [None] * len(at), [None] * len(beyond)
    found = torch.autograd.grad(loss, [*at, *beyond], retain_graph=retain, allow_unused=True)
    return found[:len(at)], found[len(at):]


def _fill(row: Tensor, at: Sequence[Tensor], gradients: Sequence[Tensor | None], lift: Tensor) -> None:
    """Write gradients times ``lift`` into a flat row, with zeros for missing gradients."""
    start = 0
    for tensor, gradient in zip(at, gradients, strict=True):
        part = row[start:start + tensor.numel()]
        if gradient is None:
            part.zero_()
        elif gradient.dtype == torch.float32:
            torch.mul(gradient, lift, out=part.view(tensor.shape))
        else:
            part.view(tensor.shape).copy_(gradient).mul_(lift)
        start += tensor.numel()


def carry(value: Tensor, tensors: Sequence[Tensor], gradients: Sequence[Tensor]) -> Tensor:
    """A scalar with the given value whose gradient at each of ``tensors`` is the given one.

    Args:
        value: (), detached.
        tensors: the tensors that receive the gradients.
        gradients: tensors of the same shapes.
    """
    return _Carry.apply(value, list(gradients), *tensors)


class _Carry(torch.autograd.Function):
    """Backward: the stored gradients times the incoming gradient."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, gradients: list[Tensor], *tensors: Tensor) -> Tensor:
        ctx.gradients = gradients
        ctx.dtypes = [tensor.dtype for tensor in tensors]
        return value.detach().clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return None, None, *((gradient * grad).to(dtype)  # multiplied before the cast: a scale of 2^16 is inf in fp16
                             for gradient, dtype in zip(ctx.gradients, ctx.dtypes, strict=True))


def combined(found: TaskGradients, weights: Tensor, own: Sequence[Tensor | float],
             weighted: Sequence[Tensor] = (), flat: Tensor | None = None) -> tuple[list[Tensor], list[Tensor]]:
    """Tensors and their combined gradients: Σ_t w_t g_t at the shared location and Σ_t c_t h_t at the leaves beyond it.

    Args:
        found: the gradients.
        weights: (T,), w.
        own: T factors c for leaves beyond the shared location.
        weighted: shared leaves beyond the location, which use w instead of ``own``.
        flat: (N,), the gradient at the shared location, if it is not a linear combination of the tasks' gradients.

    Returns:
        The tensors and their gradients.
    """
    flat = (weights / found.lifts) @ found.rows if flat is None else flat
    tensors, gradients, start = list(found.at), [], 0
    for tensor in found.at:
        gradients.append(flat[start:start + tensor.numel()].view(tensor.shape))
        start += tensor.numel()
    always = {id(tensor) for tensor in weighted}
    place: dict[int, int] = {}
    for t, pairs in enumerate(found.beyond):
        for leaf, gradient in pairs:
            part = gradient * (weights[t] if id(leaf) in always else own[t])
            if id(leaf) in place:
                gradients[place[id(leaf)]] = gradients[place[id(leaf)]] + part
            else:
                place[id(leaf)] = len(tensors)
                tensors.append(leaf)
                gradients.append(part)
    return tensors, gradients
