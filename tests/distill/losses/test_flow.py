import pytest
import torch

from mtkd.distill.losses import FSP
from mtkd.distill.losses.flow import flow

from .released import check, filled, leaf, mean

SHAPES = [(2, 3, 8, 8), (2, 4, 4, 4), (2, 5, 4, 4)]


def test_official_numbers():
    loss = FSP()
    loss.setup([3, 4, 5], [3, 4, 5])
    students = [leaf(shape, 1 + i) for i, shape in enumerate(SHAPES)]
    value = mean(loss(students, [filled(shape, 4 + i) for i, shape in enumerate(SHAPES)], [None] * 3)['fsp'])
    value.backward()
    check('fsp', [value], [view.grad for view in students])


def test_masked_pixels_are_left_out():
    low, high = filled((1, 3, 1, 4), 1), filled((1, 4, 1, 4), 2)
    mask = torch.tensor([[[True, True, False, False]]])
    torch.testing.assert_close(flow(low, high, mask), flow(low[..., :2], high[..., :2]))


def test_channels_that_differ_get_a_projector_and_one_level_is_refused():
    loss = FSP()
    loss.setup([3, 4], [5, 4])
    assert [sum(p.numel() for p in part.parameters()) for part in loss.projectors] == [15, 0]
    with pytest.raises(ValueError, match='two or more'):
        FSP().setup([3], [3])
