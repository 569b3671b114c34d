import pytest
import torch

from mtkd.losses import TaskLoss, per_sample
from mtkd.losses.base import unit


def test_per_sample_counts_valid_places_only():
    values = torch.tensor([[1.0, 2.0], [4.0, float('nan')]])
    total, count = per_sample(values, torch.tensor([[True, True], [True, False]]))
    assert total.tolist() == [3, 4] and count.tolist() == [2, 1]


def test_per_sample_of_image_level_labels():
    total, count = per_sample(torch.tensor([2.0, 5.0]), torch.tensor([False, True]))
    assert total.tolist() == [0, 5] and count.tolist() == [0, 1]


def test_unit_length_and_zero_vector():
    vectors = torch.tensor([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]]).view(2, 3, 1, 1).requires_grad_()
    result = unit(vectors, 1e-8)
    torch.testing.assert_close(result[0].flatten(), torch.tensor([0.6, 0.0, 0.8]))
    result.sum().backward()
    assert (result[1] == 0).all() and torch.isfinite(vectors.grad).all()


def test_a_loss_without_a_formula_says_so():
    with pytest.raises(TypeError, match='TaskLoss has no formula'):
        TaskLoss()(torch.zeros(1), torch.zeros(1), torch.zeros(1))
