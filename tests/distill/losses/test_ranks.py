"""Every distillation loss on two ranks against one process: values, gradients of student and parameters, state."""

import pytest
import torch

from ..ranks import on_two_ranks
from .cases import CASES, build, random_pair, total


def all_cases(rank: int, ranks: int) -> dict[str, dict[str, torch.Tensor]]:
    """Case -> its value, the gradient on this rank's samples, that of the parameters, and the state after the step."""
    share = slice(rank * 4 // ranks, (rank + 1) * 4 // ranks)
    results = {}
    for case in CASES:
        student, teacher, mask = (x[share] for x in random_pair())
        student = student.clone().requires_grad_()
        loss = build(case)
        value = total(loss, student, teacher, mask, torch.arange(4)[share])
        value.backward()
        results[case] = {'value': value.detach(), 'grad': student.grad / ranks,
                         'parameters': {name: part.grad for name, part in loss.named_parameters() if part.grad is not None},
                         'state': dict(loss.named_buffers())}
    return results


@pytest.fixture(scope='module')
def two_ranks(tmp_path_factory):
    return on_two_ranks(all_cases, tmp_path_factory.mktemp('ranks'))


@pytest.fixture(scope='module')
def one_process():
    return all_cases(0, 1)


@pytest.mark.parametrize('case', CASES)
def test_two_ranks_are_one_process(case, two_ranks, one_process):
    alone, ranks = one_process[case], [rank[case] for rank in two_ranks]
    torch.testing.assert_close(torch.stack([rank['value'] for rank in ranks]).mean(), alone['value'], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(torch.cat([rank['grad'] for rank in ranks]), alone['grad'], rtol=1e-4, atol=1e-5)
    for name, grad in alone['parameters'].items():  # as DDP averages them
        mean = torch.stack([rank['parameters'][name] for rank in ranks]).mean(0)
        torch.testing.assert_close(mean, grad, rtol=1e-4, atol=1e-5)
    for rank in ranks:
        for name, value in alone['state'].items():
            if name != 'pixel_memory':  # the order within a queue is random
                torch.testing.assert_close(rank['state'][name], value, rtol=1e-5, atol=1e-5)
