"""Every distillation loss on two ranks against one process: values and gradients."""

import pytest
import torch

from ..ranks import on_two_ranks
from .cases import CASES, build, random_pair, total


def all_cases(rank: int, ranks: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Case -> its value and gradient on this rank's share of the samples."""
    share = slice(rank * 4 // ranks, (rank + 1) * 4 // ranks)
    results = {}
    for case in CASES:
        student, teacher, mask = (x[share] for x in random_pair())
        student = student.clone().requires_grad_()
        value = total(build(case), student, teacher, mask)
        value.backward()
        results[case] = (value.detach(), student.grad / ranks)
    return results


@pytest.fixture(scope='module')
def two_ranks(tmp_path_factory):
    return on_two_ranks(all_cases, tmp_path_factory.mktemp('ranks'))


@pytest.mark.parametrize('case', CASES)
def test_two_ranks_are_one_process(case, two_ranks):
    value, grad = all_cases(0, 1)[case]
    torch.testing.assert_close(torch.stack([rank[case][0] for rank in two_ranks]).mean(), value)
    torch.testing.assert_close(torch.cat([rank[case][1] for rank in two_ranks]), grad)
