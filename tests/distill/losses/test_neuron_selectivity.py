from mtkd.distill.losses import NST

from .released import check, filled, leaf, mean


def test_official_numbers():
    student = leaf((3, 5, 4, 3), 1)
    value = mean(NST()(student, filled((3, 7, 4, 3), 2))['nst'])
    value.backward()
    check('nst', [value], [student.grad])
