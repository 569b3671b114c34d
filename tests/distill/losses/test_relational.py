import torch

from mtkd.distill.losses import RKD, relational_angle, relational_distance

from .released import check, filled, leaf


def test_official_numbers():
    values, grads = [], []
    for term in RKD.terms:
        student = leaf((6, 8), 1)
        values.append(RKD()(student, filled((6, 10), 2))[term])
        values[-1].backward()
        grads.append(student.grad)
    check('rkd', values, grads)


def test_distances_and_angles_do_not_change_with_place_turn_and_size():
    rows, turn = filled((6, 4), 1), torch.linalg.qr(filled((4, 4), 3))[0]
    moved = 3 * rows @ turn + 100
    assert float(relational_distance(rows, moved)) < 1e-18 and float(relational_angle(rows, moved)) < 1e-18
    assert float(relational_angle(rows, rows.flip(1) ** 2)) > 1e-3


def test_only_samples_that_count():
    student, teacher = filled((6, 4), 1), filled((6, 5), 2)
    counts = torch.tensor([True, True, False, True, False, True])
    for function in (relational_distance, relational_angle):
        torch.testing.assert_close(function(student, teacher, counts), function(student[counts], teacher[counts]))


def test_samples_that_coincide_have_no_angle():
    student = filled((4, 3), 1)
    student[1] = student[0]
    student.requires_grad_()
    value = relational_angle(student, filled((4, 3), 2))
    value.backward()
    assert value.isfinite() and student.grad.isfinite().all()
