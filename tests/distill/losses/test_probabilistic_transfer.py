import torch

from mtkd.distill.losses import PKT, probabilistic_transfer

from .released import check, filled, leaf


def test_official_numbers():
    student = leaf((6, 8), 1)
    value = PKT()(student, filled((6, 10), 2))['pkt']
    value.backward()
    check('pkt', [value], [student.grad])


def test_only_samples_that_count():
    student, teacher = filled((5, 4), 1), filled((5, 3), 2)
    counts = torch.tensor([True, False, True, True, False])
    torch.testing.assert_close(probabilistic_transfer(student, teacher, counts),
                               probabilistic_transfer(student[counts], teacher[counts]))
