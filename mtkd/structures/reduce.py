"""Reduction of per-sample sums and counts to one global ratio, equal for one process and several ranks."""

import torch
import torch.distributed as dist
from torch import Tensor

PerSample = tuple[Tensor, Tensor]  # (sum (B,), count (B,))


def world_size() -> int:
    """Number of ranks; 1 without a process group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


class _AllSum(torch.autograd.Function):
    """Sum over ranks; the gradient is multiplied by the number of ranks, because DDP averages gradients."""

    @staticmethod
    def forward(ctx, value: Tensor) -> Tensor:
        total = value.detach().clone().contiguous()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        return grad * world_size()


def all_sum(value: Tensor) -> Tensor:
    """Sum ``value`` over all ranks, differentiably.

    Every rank must compute the same scalar from the result; DDP's average of the gradients is then the gradient of one
    process with all samples. Without a process group it is the identity.
    """
    if world_size() == 1:
        return value
    return _AllSum.apply(value)


def global_ratio(total: Tensor, count: Tensor) -> Tensor:
    """Σ sum / Σ count over the batch and all ranks.

    Args:
        total: (B,), the per-sample sums, with a graph.
        count: (B,), the per-sample counts.

    Returns:
        () float32. With several ranks, it is this rank's share times the number of ranks: the mean over ranks, which DDP
        computes for gradients, is the ratio over all samples. 0 with a zero gradient if all counts are 0.
    """
    counted = count.detach().float().sum()
    ranks = world_size()
    if ranks > 1:
        counted = counted.clone()
        dist.all_reduce(counted)
    return total.float().sum() * ranks / torch.where(counted > 0, counted, torch.ones_like(counted))


class _AllRows(torch.autograd.Function):
    """Rows of all ranks; the gradient of this rank's rows is multiplied by the number of ranks, or summed over ranks."""

    @staticmethod
    def forward(ctx, value: Tensor, synced: bool) -> Tensor:
        ctx.synced = synced
        own = torch.tensor([len(value)], device=value.device)
        sizes = [torch.empty_like(own) for _ in range(world_size())]
        dist.all_gather(sizes, own)
        counts = [int(size) for size in sizes]
        parts = [value.new_empty(max(counts), *value.shape[1:]) for _ in counts]
        padded = parts[0].new_zeros(parts[0].shape)
        padded[:len(value)] = value.detach()
        dist.all_gather(parts, padded)
        ctx.start, ctx.count = sum(counts[:dist.get_rank()]), len(value)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        own = slice(ctx.start, ctx.start + ctx.count)
        if not ctx.synced:
            return grad[own] * world_size(), None
        total = grad.clone().contiguous()
        dist.all_reduce(total)
        return total[own], None


def all_rows(value: Tensor, synced: bool = False) -> Tensor:
    """Concatenate the rows (B, …) of all ranks, differentiably; ranks may differ in their number of rows.

    DDP's average of the gradients is then the gradient of one process with all rows. Without a process group it is the
    identity. Also works for bool.

    Args:
        value: this rank's rows.
        synced: False: every rank computes the same scalar from the result, as with :func:`all_sum`. True: ranks may use the
            result differently, as with :func:`synced_sum`; the backward pass then also communicates.
    """
    if world_size() == 1:
        return value
    return _AllRows.apply(value.byte(), False).bool() if value.dtype == torch.bool else _AllRows.apply(value, synced)


class _SyncedSum(torch.autograd.Function):
    """Sum over ranks; the gradient is summed as well."""

    @staticmethod
    def forward(ctx, value: Tensor) -> Tensor:
        total = value.detach().clone().contiguous()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        total = grad.clone().contiguous()
        dist.all_reduce(total)
        return total


def synced_sum(value: Tensor) -> Tensor:
    """Sum ``value`` over all ranks if each rank uses the sum differently, as in batch normalisation.

    Unlike :func:`all_sum`, whose result must be used in the same way on every rank, it communicates in the backward pass as
    well.
    Without a process group it is the identity.
    """
    return value if world_size() == 1 else _SyncedSum.apply(value)
