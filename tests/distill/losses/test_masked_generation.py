import pytest
import torch

from mtkd.distill.losses import MGD

from .released import check, fill, filled, leaf, mean


def test_official_numbers():
    loss = MGD(hidden=0.75)
    loss.setup([5], [6])
    loss.double()
    fill([*loss.align.parameters(), *loss.generation.parameters()])
    student = leaf((3, 5, 8, 6), 1)
    torch.manual_seed(3)
    value = mean(loss(student, filled((3, 6, 8, 6), 2))['mgd'])
    value.backward()
    check('mgd', [value], [student.grad, loss.generation[0].weight.grad])


def test_the_share_of_hidden_pixels_is_refused_out_of_range():
    with pytest.raises(ValueError, match='fraction of the pixels'):
        MGD(hidden=1.0)
