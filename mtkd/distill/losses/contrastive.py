"""Contrastive representation distillation, with a memory of the whole training set."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from ...structures import all_rows, all_sum
from .distill_loss import DistillLoss, Method, Terms, counted_samples, per_sample
from .pairs import sample_vectors

EPS = 1e-7


class _Contrast(torch.autograd.Function):
    """The loss of each anchor, with its gradient computed in the forward pass: the memory may change before the backward
    pass.

    No tensor of the size of the memory is stored. If more rows are sampled than the memory has, all scores are computed by
    one product and the sampled ones are selected.
    """

    @staticmethod
    def forward(ctx: Any, anchor: Tensor, memory: Tensor, drawn: Tensor, kept: Tensor, constant: Tensor, tau: float,
                noise: float) -> Tensor:
        scores = _scores(anchor, memory, drawn)
        likely = (scores / tau).exp() / constant
        bound = noise + EPS
        share = likely / (likely + bound)  # of the positive: its probability of being one
        wanted = torch.zeros_like(share)
        wanted[:, 0] = 1
        logs = torch.where(wanted > 0, share.clamp_min(1e-30).log(), (noise / (likely + bound)).log())
        slope = (share - wanted) / tau * kept
        ctx.save_for_backward(_back(slope, memory, drawn))
        return -(logs * kept).sum(1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return grad[:, None] * ctx.saved_tensors[0], None, None, None, None, None, None


def _scores(anchor: Tensor, memory: Tensor, drawn: Tensor) -> Tensor:
    """(B, D), (N, D), (B, K) -> (B, K): scalar products with the drawn rows."""
    if drawn.numel() > len(memory):
        return (anchor @ memory.T).gather(1, drawn)
    return (memory[drawn] @ anchor[:, :, None])[:, :, 0]


def _back(slope: Tensor, memory: Tensor, drawn: Tensor) -> Tensor:
    """The gradient of the anchors from that of the drawn scores: (B, D)."""
    if drawn.numel() > len(memory):
        return slope.new_zeros(len(slope), len(memory)).scatter_add_(1, drawn, slope) @ memory
    return (slope[:, None] @ memory[drawn])[:, 0]


@DISTILL_LOSSES.register_module()
class CRD(DistillLoss):
    """``crd``: each side's vector identifies the vector of the same sample on the other side among K negatives; mean over
    samples.

    Features are averaged over pixels and mapped by a linear layer each to unit vectors. A memory contains the running means
    of both vectors of every training sample, equal on all ranks. Both directions are binary classifications against noise
    (equation 18 of the paper), h = exp(x·m / τ) / Z / (… + K / N), with Z from the first batch. The usual weight is .8.

    It needs the index of each sample in the training set. A link refuses samples of several data sets, whose indices are not
    unique, and indices of N or more.

    Args:
        samples: N, the length of the training set.
        negatives: K, sampled at each step with replacement from all other samples.
        width: length of the vectors.
        tau: τ.
        momentum: momentum of the memory.
        by_class: exclude sampled negatives of the anchor's class and reweight the others. This uses the labels of the task,
            which are known for previously seen samples. The released data set samples only from other classes.
        seed: seed of the initial vectors of the memory.

    Raises:
        ValueError: an invalid number.
        IndexError: without a link, a sample index of N or more (on the CPU; on CUDA, a device-side assert).

    Source: Tian et al., ICLR 2020, equations 17 and 18; released code: HobbitLong/RepDistiller b84f547 (``crd/``).
    """

    terms = ('crd',)
    same_channels = same_size = False
    spatial = True
    across_samples = True  # draws numbers
    method = Method('CRD', 'Tian et al. 2020', 'features', options={'samples': 50, 'negatives': 16},
                    note='a memory of the training set')
    memory: Tensor
    constants: Tensor
    labels: Tensor

    def __init__(self, samples: int, negatives: int = 16384, width: int = 128, tau: float = 0.07, momentum: float = 0.5,
                 by_class: bool = False, seed: int = 0) -> None:
        super().__init__()
        if samples < 2 or negatives < 1 or width < 1 or tau <= 0 or not 0 <= momentum < 1:
            raise ValueError(f'CRD: samples={samples}, negatives={negatives}, width={width}, tau={tau}, '
                             f'momentum={momentum}; it needs two samples or more, one negative and one channel or more, '
                             f'a positive tau, and a momentum from 0 to below 1.')
        self.asks = ('index', 'target') if by_class else ('index',)
        self.samples, self.negatives, self.width, self.tau, self.momentum = samples, negatives, width, tau, momentum
        bound = 1 / math.sqrt(width / 3)
        drawn = torch.rand(2, samples, width, generator=torch.Generator().manual_seed(seed), device='cpu')
        self.register_buffer('memory', drawn * 2 * bound - bound)  # of student and teacher
        self.register_buffer('constants', torch.full((2,), -1.0))
        self.register_buffer('labels', torch.full((samples if by_class else 0,), -1))

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        self.embed_student, self.embed_teacher = nn.Linear(student[0], self.width), nn.Linear(teacher[0], self.width)

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, *, index: Tensor,
                target: Tensor | None = None) -> Terms:
        """See :class:`DistillLoss`; the views are features, ``index`` (B,), ``target`` (B,) classes."""
        counts = counted_samples(student, mask)
        ours, theirs = (_unit(embed(sample_vectors(view, mask, 'mean')))
                        for embed, view in ((self.embed_student, student), (self.embed_teacher, teacher)))
        drawn, kept = self._draw(index, target)
        memory = self.memory.to(ours.dtype)
        constants = self._settle(ours.detach(), theirs.detach(), memory, drawn, counts)
        noise = self.negatives / self.samples
        total = sum((_Contrast.apply(anchor, memory[1 - side], drawn, kept, constants[side], self.tau, noise)
                     for side, anchor in enumerate((ours, theirs))), torch.zeros_like(ours[:, 0]))
        if self.training:
            self._remember(index, torch.stack([ours.detach(), theirs.detach()], 1), counts, target)
        return {'crd': per_sample(total, mask)}

    def _draw(self, index: Tensor, target: Tensor | None) -> tuple[Tensor, Tensor]:
        """(B, 1 + K) sample indices, the positive first, and their weights."""
        drawn = torch.randint(self.samples - 1, (len(index), self.negatives), device=index.device)
        drawn = torch.cat([index[:, None], drawn + (drawn >= index[:, None])], 1)
        kept = torch.ones(drawn.shape, device=index.device)
        if target is not None:
            others = self.labels[drawn[:, 1:]] != target[:, None]
            kept[:, 1:] = others * (self.negatives / others.sum(1, keepdim=True).clamp_min(1))
        return drawn, kept

    @torch.no_grad()
    def _settle(self, ours: Tensor, theirs: Tensor, memory: Tensor, drawn: Tensor, counts: Tensor) -> Tensor:
        """(2,) the constants Z: computed from the first batch over all ranks, then fixed."""
        sums = torch.stack([((_scores(anchor, memory[1 - side], drawn) / self.tau).exp().mean(1) * counts).sum()
                            for side, anchor in enumerate((ours, theirs))] + [counts.sum().to(ours.dtype)])
        sums = all_sum(sums)
        fresh = sums[:2] / sums[2].clamp_min(1) * self.samples
        constants = torch.where((self.constants > 0) | (sums[2] == 0), self.constants.to(ours.dtype), fresh)
        if self.training:
            self.constants.copy_(constants)
        return torch.where(constants > 0, constants, torch.ones_like(constants))

    @torch.no_grad()
    def _remember(self, index: Tensor, vectors: Tensor, counts: Tensor, target: Tensor | None) -> None:
        """(B,) numbers and (B, 2, width) vectors of all ranks are stored in the memory; for duplicate samples, the last."""
        index, vectors, counts = all_rows(index), all_rows(vectors), all_rows(counts)
        last = ((index[:, None] == index) & counts) * torch.arange(1, len(index) + 1, device=index.device)
        last = last.amax(1)
        seen, last = last > 0, (last - 1).clamp_min(0)
        old = self.memory[:, index]
        mixed = self.momentum * old + (1 - self.momentum) * vectors[last].transpose(0, 1).to(old.dtype)
        self.memory.index_copy_(1, index, torch.where(seen[:, None], _unit(mixed, 2), old))
        if target is not None:
            labels = all_rows(target)[last]
            self.labels.index_copy_(0, index, torch.where(seen, labels, self.labels[index]))


def _unit(rows: Tensor, dim: int = 1) -> Tensor:
    return rows * rows.square().sum(dim, keepdim=True).clamp_min(1e-24).rsqrt()
