import torch
import torch.nn.functional as F

from mtkd.distill import FitNets

from .cases import random_pair, run


def test_is_the_mean_squared_error():
    student, teacher, _ = random_pair()
    torch.testing.assert_close(run(FitNets(), student, teacher)['fitnets'], F.mse_loss(student, teacher))
