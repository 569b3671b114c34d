from mtkd.distill.losses import ProbMSE

from .official import check


def test_official_values_and_gradients():
    """``softmax_mse_loss`` divided by the number of samples."""
    check(ProbMSE(), 'mean_teacher_mse')
