"""The inputs of official implementations, and their outputs (``vectors/*.json``)."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mtkd.distill import DistillLoss

NUMBERS = json.loads((Path(__file__).parent / 'vectors' / 'outputs.json').read_text())
K = torch.arange(20, dtype=torch.float64).view(4, 5)
LABELS = torch.tensor([0, 3, 2, 4])
TEACHERS = (3 * (0.7 * K).cos(), 3 * (1.9 * K + 1).sin(), 2 * (0.4 * K * K).cos())


def scores() -> Tensor:
    """The student's scores."""
    return (2 * (1.3 * K).sin()).requires_grad_()


def view(loss: DistillLoss, out: Tensor) -> Tensor:
    """The view of a loss, computed from scores."""
    if loss.reads == 'tap':
        return out
    log_probs = (out / loss.tau).log_softmax(1)
    return log_probs if loss.reads == 'log_probs' else log_probs.exp()


def evaluate(loss: DistillLoss, student: Tensor, **asked: float) -> dict[str, Tensor]:
    """Term -> its mean over the four samples."""
    given = {'target': LABELS, **asked}
    teachers = tuple(view(loss, teacher) for teacher in TEACHERS)
    seen = teachers if 'teacher' in loss.several else teachers[0] if loss.needs_teacher else None
    terms = loss(view(loss, student), seen, **{name: given[name] for name in loss.asks})
    return {name: value[0].sum() / value[1].sum() if isinstance(value, tuple) else value for name, value in terms.items()}


def check(loss: DistillLoss, name: str, *terms: str, tolerance: float = 1e-9, **asked: float) -> None:
    """Compare value and gradient of the sum of some terms (by default all) with the official ones."""
    student = scores()
    values = evaluate(loss, student, **asked)
    value = sum(values[term] for term in terms or loss.terms)
    value.backward()
    wanted, slope = NUMBERS[name]
    assert value.item() == pytest.approx(wanted, rel=tolerance)
    torch.testing.assert_close(student.grad.flatten(), torch.tensor(slope, dtype=torch.float64), rtol=tolerance, atol=1e-10)
