import torch

from mtkd.distill.losses import IFVD
from mtkd.distill.losses.intra_class_variation import variation

from .released import check, filled, leaf, mean


def test_official_numbers():
    student = leaf((2, 5, 6, 6), 1)
    target = (torch.arange(72).view(2, 6, 6) // 5) % 4
    value = mean(IFVD()(student, filled((2, 7, 6, 6), 2), target=target)['ifvd'])
    value.backward()
    check('ifvd', [value], [student.grad])


def test_a_class_of_one_pixel_does_not_vary():
    feature, target = filled((1, 4, 3), 1), torch.tensor([[0, 1, 1]])
    torch.testing.assert_close(variation(feature, target, None, 2)[0, 0], torch.tensor(1.0, dtype=torch.float64))
    mask = torch.tensor([[True, True, False]])  # class 1 then also has a single pixel
    torch.testing.assert_close(variation(feature, target, mask, 2)[0, :2], torch.ones(2, dtype=torch.float64))
