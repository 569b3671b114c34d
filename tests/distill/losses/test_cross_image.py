import torch

from mtkd.distill.losses import CrossImage
from mtkd.distill.losses.cross_image import pooled

from .released import check, filled, leaf, mean


def test_official_numbers():
    student = leaf((3, 5, 4, 3), 1)
    value = mean(CrossImage()(student, filled((3, 5, 4, 3), 2))['cross_image'])
    value.backward()
    check('cross_image', [value], [student.grad], 1e-8)


def test_maps_are_averaged_down_to_the_limit():
    view = filled((1, 2, 107, 140), 1)
    cells, there = pooled(view, None, 4096)
    assert cells.shape == (1, 2, 54 * 70) and there is None
    mask = torch.zeros(1, 107, 140, dtype=torch.bool)
    mask[:, :4, :4] = True
    cells, there = pooled(view, mask, 4096)
    assert there.sum() == 4
    torch.testing.assert_close(cells[0, :, 0], view[0, :, :2, :2].mean((1, 2)))
