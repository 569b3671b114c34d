import pytest
import torch

from mtkd.distill import OutputL1, OutputMSE

from .cases import run

STUDENT = torch.tensor([1., 2., 5., 4.]).view(1, 2, 1, 2)
TEACHER = torch.tensor([0., 2., 1., 1.]).view(1, 2, 1, 2)


def test_sums_channels_and_averages_pixels():
    assert float(run(OutputL1(), STUDENT, TEACHER)['l1']) == pytest.approx((1 + 4 + 3) / 2)
    assert float(run(OutputMSE(), STUDENT, TEACHER)['mse']) == pytest.approx((1 + 16 + 9) / 2)


def test_only_masked_pixels_count():
    mask = torch.tensor([[[False, True]]])
    assert float(run(OutputL1(), STUDENT, TEACHER, mask)['l1']) == pytest.approx(3)
    assert float(run(OutputMSE(), STUDENT, TEACHER, mask)['mse']) == pytest.approx(9)
