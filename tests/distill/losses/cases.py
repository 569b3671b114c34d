"""Every registered distillation loss, the views it reads, and the dense toy of the fact sheet's section 6."""

import torch
from torch import Tensor

from mtkd.distill import DistillLoss, PseudoLabel
from mtkd.registry import DISTILL_LOSSES
from mtkd.structures import global_ratio

CASES = {
    'cs': {'type': 'CauchySchwarz'},
    'cs_sample': {'type': 'CauchySchwarz', 'mode': 'sample'},
    'cs_printed': {'type': 'CauchySchwarz', 'variant': 'printed'},
    'cs_min_mass': {'type': 'CauchySchwarz', 'min_mass': 1.0},
    'dist': {'type': 'DIST', 'beta': 2.0, 'gamma': 0.5},
    'kd': {'type': 'PlainKD'},
    'soft_ce': {'type': 'SoftCrossEntropy'},
    'l1': {'type': 'OutputL1'},
    'mse': {'type': 'OutputMSE'},
    'fitnets': {'type': 'FitNets'},
    'at': {'type': 'AttentionTransfer'},
    'l2_pixel': {'type': 'NormalisedL2'},
    'l2_sample': {'type': 'NormalisedL2', 'norm': 'sample'},
    'pseudo_hard': {'type': 'PseudoLabel'},
    'pseudo_soft': {'type': 'PseudoLabel', 'hard': False},
}


def build(case: str) -> DistillLoss:
    return DISTILL_LOSSES.build(dict(CASES[case]))


def view(loss: DistillLoss, out: Tensor) -> Tensor:
    """What a loss reads of logits."""
    if loss.reads == 'probs' or isinstance(loss, PseudoLabel):  # whose teacher is a distribution; any values are logits
        return (out / loss.tau).softmax(1)
    return (out / loss.tau).log_softmax(1) if loss.reads == 'log_probs' else out


def run(loss: DistillLoss, student: Tensor, teacher: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
    """Logits in, term -> () out."""
    terms = loss(view(loss, student), view(loss, teacher), mask)
    return {name: global_ratio(*value) if isinstance(value, tuple) else value for name, value in terms.items()}


def total(loss: DistillLoss, student: Tensor, teacher: Tensor, mask: Tensor | None = None) -> Tensor:
    return sum(run(loss, student, teacher, mask).values())


def exact(loss: DistillLoss, student: Tensor, teacher: Tensor) -> dict[str, float]:
    """The same without global_ratio's float32."""
    terms = loss(view(loss, student), view(loss, teacher))
    return {name: float(value[0].sum() / value[1].sum()) if isinstance(value, tuple) else float(value)
            for name, value in terms.items()}


def toy() -> tuple[Tensor, Tensor]:
    """sin(k) and cos(k), k = 0..23, as (2, 3, 2, 2) float64."""
    k = torch.arange(24, dtype=torch.float64).view(2, 3, 2, 2)
    return k.sin(), k.cos()


def random_pair(batch: int = 4, channels: int = 5, size: tuple[int, int] = (6, 7)) -> tuple[Tensor, Tensor, Tensor]:
    """Student logits, teacher logits and a mask that differs a lot from sample to sample."""
    generator = torch.Generator().manual_seed(3)
    student, teacher = (torch.randn(batch, channels, *size, generator=generator) * 2 for _ in range(2))
    share = torch.linspace(0.1, 0.9, batch).view(-1, 1, 1)
    return student, teacher, torch.rand(batch, *size, generator=generator) < share
