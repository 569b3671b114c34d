import pytest
import torch

from mtkd.distill import DistillLoss
from mtkd.distill.losses.distill_loss import masked, per_pixel, per_sample, rows


def test_rows_flatten_and_widen():
    assert rows(torch.zeros(2, 3, 4, 5, dtype=torch.bfloat16)).shape == (2, 3, 20)
    assert rows(torch.zeros(2, 3, dtype=torch.bfloat16)).shape == (2, 3, 1)
    assert rows(torch.zeros(2, 3, dtype=torch.bfloat16)).dtype == torch.float32
    assert rows(torch.zeros(2, 3, dtype=torch.float64)).dtype == torch.float64


def test_masks_count_pixels_or_samples():
    values, mask = torch.tensor([[1., 2.], [3., 4.]]), torch.tensor([[True, False], [False, False]])
    assert [x.tolist() for x in per_pixel(values, mask)] == [[1, 0], [1, 0]]
    assert [x.tolist() for x in per_pixel(values, None)] == [[3, 7], [2, 2]]
    assert [x.tolist() for x in per_sample(values[0], mask)] == [[1, 0], [1, 0]]
    assert [x.tolist() for x in per_sample(values[0], None)] == [[1, 2], [1, 1]]
    assert masked(values[:, None], mask).flatten().tolist() == [1, 0, 0, 0]


def test_masked_nan_does_not_spread():
    values = torch.tensor([[float('nan'), 2.]])
    assert per_pixel(values, torch.tensor([[False, True]]))[0].tolist() == [2]


def test_a_loss_without_compare_is_refused():
    with pytest.raises(TypeError, match='does not say'):
        DistillLoss()(torch.zeros(1, 2), torch.zeros(1, 2))
