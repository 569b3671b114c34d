import torch

from mtkd.distill.losses import ChannelWise, channel_wise

from .released import check, filled, leaf, mean


def test_official_numbers():
    student = leaf((3, 5, 4, 3), 1)
    value = mean(ChannelWise()(student, filled((3, 5, 4, 3), 2))['cwd'])
    value.backward()
    check('cwd', [value], [student.grad])


def test_the_softmax_is_over_pixels_that_count():
    student, teacher = filled((1, 5, 6), 1), filled((1, 5, 6), 2)
    mask = torch.tensor([[True, True, False, True, False, True]])
    torch.testing.assert_close(channel_wise(student, teacher, mask),
                               channel_wise(student[..., mask[0]], teacher[..., mask[0]]))
