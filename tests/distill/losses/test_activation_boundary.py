import torch

from mtkd.distill.losses import ActivationBoundary, activation_boundary

from .released import check, filled, leaf, mean


def test_official_numbers():
    student = leaf((3, 5, 4, 3), 1)
    value = mean(ActivationBoundary()(student, filled((3, 5, 4, 3), 2))['ab'])
    value.backward()
    check('ab', [value], [student.grad])


def test_the_sum_and_its_gradient_are_those_of_the_values():
    student, teacher, mask = leaf((3, 5, 8), 1), filled((3, 5, 8), 2), torch.arange(24).view(3, 8) % 3 > 0
    for chosen in (None, mask):
        total, _ = ActivationBoundary(0.7)(student, teacher, chosen)['ab']
        values = activation_boundary(student, teacher, 0.7)
        wanted = 0.003 * (values if chosen is None else values * chosen[:, None]).sum((1, 2))
        torch.testing.assert_close(total, wanted)
        slopes = [torch.autograd.grad((part * filled((3,), 3)).sum(), student)[0] for part in (total, wanted)]
        torch.testing.assert_close(*slopes)


def test_beyond_the_margin_on_the_right_side_costs_nothing():
    student, teacher = torch.tensor([2.0, -2.0, 0.5, -0.5]), torch.tensor([1.0, -1.0, -1.0, 1.0])
    assert activation_boundary(student, teacher).tolist() == [0.0, 0.0, 2.25, 2.25]
