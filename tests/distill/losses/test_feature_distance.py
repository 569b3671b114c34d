import pytest
import torch
import torch.nn.functional as F

from mtkd.distill.losses import CosineFeatures, SmoothL1Features

from .released import filled, mean


def test_values_are_pytorch_s():
    student, teacher = filled((2, 3, 4, 5), 1), filled((2, 3, 4, 5), 2)
    torch.testing.assert_close(mean(CosineFeatures()(student, teacher)['cosine']),
                               1 - F.cosine_similarity(student, teacher).mean())
    for beta in (0.5, 1.0):
        torch.testing.assert_close(mean(SmoothL1Features(beta)(student, teacher)['smooth_l1']),
                                   F.smooth_l1_loss(student, teacher, beta=beta))


def test_beta_has_to_be_positive():
    with pytest.raises(ValueError, match='above 0'):
        SmoothL1Features(0.0)
