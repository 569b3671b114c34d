"""Cross-task contrastive learning: features of different tasks agree for one image and differ between images."""

from collections.abc import Mapping, Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F

from ..models import Taps, TapSpec
from ..registry import LINKS
from ..structures import Batch, SampleMeta, from_host, world_size
from ..tasks import Task
from .base_link import BaseLink
from .context import check_index
from .losses.distill_loss import Method, Terms
from .masks import picture_mask
from .teacher import Teacher


@LINKS.register_module()
class TaskContrast(BaseLink):
    """MTFormer's cross-task contrastive loss, as a link of the distiller that needs no teacher.

    A task's feature is averaged over the image and mapped to a unit vector z_t by two task-specific layers. For an
    ordered pair of tasks (t, s), the term of a sample is the cross-entropy of picking, by the scalar products of z_t
    divided by τ, z_s of the same sample among K vectors of task s for other samples::

        -log exp(z_t · z_s / τ) / (exp(z_t · z_s / τ) + Σ_k exp(z_t · m_k / τ))

    ``<task>/contrast`` is the sum over the T - 1 pairs of a task, the mean over samples. A memory contains one vector per
    task and training sample, the running mean of its features; it is part of checkpoints and equal on every rank. The K
    negatives are sampled in every step; none of this is needed to deploy the student.

    It is a link and not part of the network, because its layers and memory are discarded after training like projectors,
    because the release adds it to the balanced losses with a separate weight like the terms of a distiller, and because it
    then works with any network that has a feature per task, with or without teachers::

        distiller=dict(teachers=dict(), links=dict(between_tasks=dict(samples=795)))

    Source: Xu et al. 2022 (MTFormer), section 3, after Tian et al. 2020; numbers of the release: average of the feature
    after the exchange, width 128, K = 700 on NYUD-v2 (2,000 on PASCAL-Context), τ = .07, momentum .5, weight .01.
    Differences to the release: softmax instead of its noise-contrastive estimate, whose constant is that of the first batch;
    the positive is the other task's current vector, detached, instead of its initially random memory; one memory per task
    instead of per pair; negatives never come from the same sample; padding is masked.

    Args:
        tasks: two or more.
        samples: length of the training set.
        tap: the tasks' feature, with ``{task}`` for the task.
        width: length of the vectors.
        negatives: K.
        tau: τ.
        momentum: momentum of the memory.
        weight: weight of each term in the total.
        seed: seed of the initial vectors of the memory.

    Raises:
        ValueError: an invalid number.

    Attributes:
        terms: the terms' full names.
    """

    method = Method('Task contrast', 'Xu et al. 2022 (MTFormer)', 'self', 'dense', note='a memory of the training set',
                    state='a vector for each sample and task', parameters='two projections a task')

    memory: Tensor

    def __init__(self, tasks: Sequence[str], samples: int, tap: str = '{task}.in', width: int = 128, negatives: int = 700,
                 tau: float = 0.07, momentum: float = 0.5, weight: float = 0.01, seed: int = 0) -> None:
        super().__init__()
        if len(tasks) < 2 or samples < 2 or negatives < 1 or width < 1 or tau <= 0 or not 0 <= momentum < 1:
            raise ValueError(f'TaskContrast: {len(tasks)} tasks, samples={samples}, negatives={negatives}, width={width}, '
                             f'tau={tau}, momentum={momentum}; it needs two tasks and two samples or more, one negative and '
                             f'one channel or more, a positive tau, and a momentum from 0 to below 1.')
        self.task_names = tuple(tasks)
        self.student_taps = tuple(tap.replace('{task}', task) for task in tasks)
        self.terms = tuple(f'{task}/contrast' for task in tasks)
        self.width, self.negatives, self.tau, self.momentum, self.weight = width, negatives, tau, momentum, float(weight)
        self.maps = nn.ModuleDict()
        drawn = torch.randn(len(tasks), samples, width, generator=torch.Generator().manual_seed(seed), device='cpu')
        self._indexed: set[str] = set()  # data sets whose indices the memory has received
        self.register_buffer('memory', F.normalize(drawn, dim=-1))

    def bind(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]) -> None:
        """Build the layers for the student's taps.

        Raises:
            ValueError: the student has no such tap, or a vector in it.
        """
        for task, tap in zip(self.task_names, self.student_taps, strict=True):
            if tap not in tap_specs or not tap_specs[tap].stride:
                raise ValueError(f"TaskContrast: the student has no map '{tap}' among its taps; use a network with a "
                                 f"feature per task, or another tap, as in tap='{{task}}.feat'.")
            channels = tap_specs[tap].channels
            self.maps[task] = nn.Sequential(nn.Linear(channels, self.width), nn.ReLU(), nn.Linear(self.width, self.width))

    def forward(self, batch: Batch, taps: Taps, seen: Mapping[str, Taps], tasks: Mapping[str, Task]) -> Terms:
        """The terms, by full name: (sum (B,), count (B,)).

        Raises:
            ValueError: the batch is of several data sets, or of one with more than ``samples``.
        """
        first = taps[self.student_taps[0]]
        index = self._index(batch['meta'], first.device)
        with torch.autocast(first.device.type, enabled=False):
            vectors = [self._vector(task, taps[tap], batch)
                       for task, tap in zip(self.task_names, self.student_taps, strict=True)]
            others = _all_but(index, self.memory.shape[1], self.negatives)
            far = [memory[others] for memory in self.memory]
            sums = [torch.stack([self._pick(asking, vectors[s].detach(), far[s])
                                 for s in range(len(vectors)) if s != t]).sum(0) for t, asking in enumerate(vectors)]
            if self.training:
                self._remember(index, torch.stack([vector.detach() for vector in vectors], 1))
        return {term: (total, torch.ones_like(total)) for term, total in zip(self.terms, sums, strict=True)}

    def _vector(self, task: str, tap: Tensor, batch: Batch) -> Tensor:
        """(B, C, h, w) -> (B, width) of length 1."""
        height, width = batch['image'].shape[-2:]
        mask = picture_mask(batch['meta'], (height, width), (tap.shape[2], tap.shape[3]), tap.device)
        counts = torch.ones_like(tap[:, :1], dtype=torch.float32) if mask is None else mask[:, None].float()
        mean = (tap.float() * counts).sum((2, 3)) / counts.sum((2, 3)).clamp_min(1.0)
        return F.normalize(self.maps[task](mean), dim=-1)

    def _pick(self, asking: Tensor, near: Tensor, far: Tensor) -> Tensor:
        """(B, C), (B, C), (B, K, C) -> (B,)."""
        scores = torch.cat([(asking * near).sum(1, keepdim=True), (far @ asking[:, :, None])[:, :, 0]], 1) / self.tau
        return scores.logsumexp(1) - scores[:, 0]

    def _index(self, meta: Sequence[SampleMeta], device: torch.device) -> Tensor:
        """(B,): the indices of the training samples."""
        index = [entry['index'] for entry in meta]
        check_index('TaskContrast', meta, self.memory.shape[1], self._indexed)
        return from_host(index, device)

    @torch.no_grad()
    def _remember(self, index: Tensor, vectors: Tensor) -> None:
        """Store (B, T, C) vectors of the samples (B,) in the memory of every rank; for duplicate samples, the last."""
        index, vectors = _of_all_ranks(index), _of_all_ranks(vectors)
        places = torch.arange(len(index), device=index.device)
        last = ((index[:, None] == index) * places).amax(1)
        mixed = self.momentum * self.memory[:, index] + (1 - self.momentum) * vectors[last].transpose(0, 1)
        self.memory[:, index] = F.normalize(mixed, dim=-1)


def _all_but(index: Tensor, samples: int, count: int) -> Tensor:
    """(B,) -> (B, count) indices of samples, drawn with replacement from all other samples."""
    drawn = torch.randint(samples - 1, (len(index), count), device=index.device)
    return drawn + (drawn >= index[:, None])


def _of_all_ranks(value: Tensor) -> Tensor:
    """The concatenated values of all ranks."""
    if world_size() == 1:
        return value
    parts = [torch.empty_like(value) for _ in range(world_size())]
    dist.all_gather(parts, value.contiguous())
    return torch.cat(parts)
