import torch

from mtkd.distill.losses import TeacherFreeKD

from .official import check


def test_official_values_and_gradients():
    check(TeacherFreeKD(), 'tfkd_reg')


def test_it_is_smallest_at_the_virtual_teacher():
    """0 if the student is u: the softmax of (.99, .005, .005) / τ."""
    u = (torch.tensor([[0.99, 0.005, 0.005]], dtype=torch.float64) / 20).softmax(1)
    total, _ = TeacherFreeKD()(u.log(), target=torch.tensor([0]))['tf_kd']
    assert abs(total.item()) < 1e-12
