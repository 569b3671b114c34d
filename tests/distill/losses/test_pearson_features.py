import torch

from mtkd.distill.losses import PKD, pearson_features

from .released import check, filled, leaf


def test_official_numbers():
    student = leaf((3, 5, 4, 3), 1)
    value = PKD()(student, filled((3, 5, 4, 3), 2))['pkd']
    value.backward()
    check('pkd', [value], [student.grad])


def test_only_pixels_that_count():
    student, teacher = filled((1, 5, 6), 1), filled((1, 5, 6), 2)
    mask = torch.tensor([[True, True, False, True, False, True]])
    torch.testing.assert_close(pearson_features(student, teacher, mask),
                               pearson_features(student[..., mask[0]], teacher[..., mask[0]]))
