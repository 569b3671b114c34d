import pytest
import torch

from mtkd.distill.losses import CKA, kernel_alignment

from .released import check, filled, leaf


def test_official_numbers():
    values, grads = [], []
    for kernel in ('linear', 'rbf'):
        student = leaf((6, 8), 1)
        values.append(CKA(kernel)(student, filled((6, 10), 2))['cka'])
        values[-1].backward()
        grads.append(student.grad)
    check('cka', values, grads, 1e-7)


@pytest.mark.parametrize('kernel', ['linear', 'rbf'])
def test_alike_up_to_turn_and_size(kernel):
    rows, turn = filled((6, 4), 1), torch.linalg.qr(filled((4, 4), 3))[0]
    assert float(kernel_alignment(rows, 3 * rows @ turn, kernel=kernel)) == pytest.approx(1)
    counts = torch.tensor([True, True, False, True, False, True])
    other = filled((6, 5), 2)
    torch.testing.assert_close(kernel_alignment(rows, other, counts, kernel),
                               kernel_alignment(rows[counts], other[counts], None, kernel))


def test_an_unknown_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel='poly' is unknown"):
        CKA('poly')
