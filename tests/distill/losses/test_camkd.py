import torch

from mtkd.distill.losses import CAMKD

from .official import check


def test_official_values_and_gradients():
    check(CAMKD(), 'camkd')


def test_a_teacher_that_is_right_counts_more():
    right, wrong = torch.tensor([[[0.9], [0.1]]]).log(), torch.tensor([[[0.1], [0.9]]]).log()
    weights = CAMKD().weigh(right, (right, wrong), None, target=torch.tensor([0]))[:, 0, 0]
    torch.testing.assert_close(weights, torch.tensor([0.45, 0.05]))
