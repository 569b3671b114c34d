import math

import pytest
import torch

from mtkd.distill.losses import CorrelationCongruence, correlation_congruence
from mtkd.distill.losses.correlation_congruence import consecutive_differences

from .released import check, filled, leaf


def test_the_kernel_is_the_paper_s_equation():
    """Term by term in float64; torchdistill's CCKDLoss takes the root of the sum and does not normalise vectors."""
    def kernel(rows):
        unit = torch.nn.functional.normalize(rows, dim=1)
        return torch.stack([torch.stack([math.exp(-0.8) * (1 + 0.8 * (a @ b) + 0.32 * (a @ b) ** 2) for b in unit])
                            for a in unit])

    student, teacher = filled((6, 8), 1), filled((6, 10), 2)
    wanted = (kernel(student) - kernel(teacher)).square().sum() / 36
    torch.testing.assert_close(CorrelationCongruence()(student, teacher)['cc'], wanted)


def test_official_numbers_of_the_released_variant():
    student, loss = leaf((6, 8), 1), CorrelationCongruence('released')
    loss.setup([8], [8])
    value = loss(student, filled((6, 8), 2))['cc']
    value.backward()
    check('cc_released', [value], [student.grad])


def test_only_samples_that_count():
    student, teacher = filled((5, 4), 1), filled((5, 4), 2)
    counts = torch.tensor([True, False, True, True, False])
    for function in (correlation_congruence, consecutive_differences):
        torch.testing.assert_close(function(student, teacher, counts), function(student[counts], teacher[counts]))


def test_embeddings_of_both_sides_are_trained():
    loss = CorrelationCongruence('released', width=3)
    loss.setup([4], [6])
    loss(torch.rand(5, 4, 2, 2), torch.rand(5, 6, 3, 3))['cc'].backward()
    assert all(part.grad.any() for part in (loss.embed_student.weight, loss.embed_teacher.weight))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="variant='paper' is unknown"):
        CorrelationCongruence('paper')
    with pytest.raises(ValueError, match='give width=128'):
        CorrelationCongruence('released').setup([4], [6])
    with pytest.raises(ValueError, match="use pool='mean'"):
        CorrelationCongruence(width=8, pool='flatten')
