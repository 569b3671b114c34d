import torch

from mtkd.distill.losses import ActivationBoundary, activation_boundary

from .released import check, filled, leaf, mean


def test_official_numbers():
    student = leaf((3, 5, 4, 3), 1)
    value = mean(ActivationBoundary()(student, filled((3, 5, 4, 3), 2))['ab'])
    value.backward()
    check('ab', [value], [student.grad])


def test_beyond_the_margin_on_the_right_side_costs_nothing():
    student, teacher = torch.tensor([2.0, -2.0, 0.5, -0.5]), torch.tensor([1.0, -1.0, -1.0, 1.0])
    assert activation_boundary(student, teacher).tolist() == [0.0, 0.0, 2.25, 2.25]
