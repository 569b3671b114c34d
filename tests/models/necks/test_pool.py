"""The embedding of an image."""

import torch

from mtkd.models.necks import PoolNeck


def test_the_coarsest_map_averaged():
    neck = PoolNeck([4, 6], [2, 4])
    maps = [torch.randn(3, 4, 8, 8), torch.randn(3, 6, 4, 4)]
    assert neck.out_channels == 6 and neck.stride == 0
    torch.testing.assert_close(neck(maps), maps[1].mean((2, 3)))


def test_a_projection():
    neck = PoolNeck([4, 6], [2, 4], channels=5)
    maps = [torch.randn(3, 4, 8, 8), torch.randn(3, 6, 4, 4)]
    assert neck.out_channels == 5
    torch.testing.assert_close(neck(maps), neck.project(maps[1].mean((2, 3))))
