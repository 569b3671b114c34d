import pytest
import torch

from mtkd.distill.losses import ReviewKD
from mtkd.distill.losses.review import hierarchical_context

from .released import check, fill, filled, leaf, mean


def test_official_numbers():
    loss = ReviewKD()
    loss.setup([3, 4, 5], [4, 6, 7])
    loss.double()
    fill(part for fusion in loss.fusions
         for layer in (fusion.enter, fusion.enter_norm, fusion.leave, fusion.leave_norm, fusion.attention)
         for part in (() if layer is None else layer.parameters()))
    students = [leaf((3, c, s, s), 1 + k) for k, (c, s) in enumerate(((3, 8), (4, 4), (5, 2)))]
    teachers = [filled((3, c, s, s), 4 + k) for k, (c, s) in enumerate(((4, 6), (6, 4), (7, 2)))]
    value = mean(loss(students, teachers, [None] * 3)['review'])
    value.backward()
    check('review', [value], [*(view.grad for view in students), loss.fusions[0].leave.weight.grad])


def test_a_shift_is_seen_at_every_size():
    """For a constant difference d, every level is d², independent of the weights."""
    teacher = filled((2, 3, 6, 6), 1)
    torch.testing.assert_close(hierarchical_context(teacher + 0.5, teacher), torch.full((2,), 0.25, dtype=torch.float64))


def test_levels_have_to_pair():
    with pytest.raises(ValueError, match='there are 2 of the student and 3'):
        ReviewKD().setup([3, 4], [3, 4, 5])
