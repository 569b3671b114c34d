import pytest
import torch

from mtkd.distill.losses import Boundary
from mtkd.distill.losses.boundary import class_edges, masked_channel_kl

from .released import filled, mean

LEFT_AND_RIGHT = (torch.arange(8) // 4).expand(1, 5, 8)


def test_edges_lie_on_both_sides_of_a_border():
    edges = class_edges(LEFT_AND_RIGHT, None, 3, 1)
    assert edges[0, 0, 0].tolist() == edges[0, 1, 0].tolist() == [False] * 3 + [True] * 2 + [False] * 3
    assert not edges[0, 2].any() and class_edges(LEFT_AND_RIGHT, None, 3, 2)[0, 0, 0].sum() == 4
    mask = torch.ones(1, 5, 8, dtype=torch.bool)
    mask[..., 4:] = False  # a pixel without a label does not count as another class
    assert not class_edges(LEFT_AND_RIGHT, mask, 3, 1).any()


def test_terms_are_kl_on_edges_and_inside():
    student, teacher = filled((1, 3, 5, 8), 1), filled((1, 3, 5, 8), 2)
    terms = Boundary(3)(student, teacher, target=LEFT_AND_RIGHT)

    def kl(a, b):
        return (b.softmax(-1) * (b.log_softmax(-1) - a.log_softmax(-1))).sum(-1).mean()

    torch.testing.assert_close(mean(terms['boundary_edge']), kl(*(x[:, :2, :, 3:5].flatten(2) for x in (student, teacher))))
    inside = [torch.cat([x[..., :3], x[..., 5:]], 3).flatten(2) for x in (student, teacher)]
    torch.testing.assert_close(mean(terms['boundary_body']), kl(*inside))


def test_an_empty_region_is_zero_and_other_channels_are_refused():
    view = filled((1, 2, 4), 1)
    assert masked_channel_kl(view, view.flip(2), torch.zeros(1, 2, 4, dtype=torch.bool), 1.0).tolist() == [[0.0, 0.0]]
    with pytest.raises(ValueError, match='classes=4, but the output has 3 channels'):
        Boundary(4)(filled((1, 3, 5, 8), 1), filled((1, 3, 5, 8), 2), target=LEFT_AND_RIGHT)
