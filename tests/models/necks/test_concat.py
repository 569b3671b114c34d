import pytest
import torch
from torch.nn import functional as F

from mtkd.models.necks import ConcatNeck
from mtkd.registry import NECKS


def features(sizes=((7, 9), (4, 5), (2, 3))):
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(2, channels, *size, generator=rng) for channels, size in zip((2, 3, 4), sizes, strict=True)]


def test_scales_are_upsampled_to_the_first_and_concatenated_in_order():
    neck = NECKS.build({'type': 'ConcatNeck', 'in_channels': [2, 3, 4], 'strides': [4, 8, 16]})
    assert (neck.out_channels, neck.stride) == (9, 4) and not list(neck.parameters())
    given = features()
    shared = neck(given)
    assert shared.shape == (2, 9, 7, 9)
    assert torch.equal(shared[:, :2], given[0])
    for part, level in ((shared[:, 2:5], given[1]), (shared[:, 5:], given[2])):
        assert torch.equal(part, F.interpolate(level, size=(7, 9), mode='bilinear', align_corners=False))


def test_upsampling_does_not_align_corners():
    shared = ConcatNeck([1, 1], [1, 2])([torch.zeros(1, 1, 1, 4), torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)])
    torch.testing.assert_close(shared[0, 1, 0], torch.tensor([0.0, 0.25, 0.75, 1.0]))


def test_laterals_bring_every_scale_to_one_width():
    neck = ConcatNeck([2, 3, 4], [4, 8, 16], lateral_channels=5)
    assert neck.out_channels == 15
    given = features()
    shared = neck(given)
    assert shared.shape == (2, 15, 7, 9)
    torch.testing.assert_close(shared[:, :5], neck.laterals[0](given[0]))
    assert sum(p.numel() for p in neck.parameters()) == 5 * (2 + 3 + 4) + 3 * 5


def test_a_missing_scale_is_an_error():
    with pytest.raises(ValueError):
        ConcatNeck([2, 3], [4, 8], lateral_channels=5)(features()[:1])
