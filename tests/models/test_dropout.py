"""Dropout that samples its mask for the whole batch, but is applied to some samples."""

import pytest
import torch
from torch import nn

from mtkd.models.dropout import Dropout, Dropout2d

PAIRS = [(Dropout, nn.Dropout, (6, 5)), (Dropout, nn.Dropout, (6, 3, 4, 4)), (Dropout2d, nn.Dropout2d, (6, 3, 4, 4))]


@pytest.mark.parametrize(('ours', 'torchs', 'shape'), PAIRS)
def test_without_rows_it_is_torchs(ours, torchs, shape):
    feature = torch.randn(shape)
    torch.manual_seed(0)
    expected = torchs(0.4)(feature)
    torch.manual_seed(0)
    assert torch.equal(ours(0.4)(feature), expected)
    assert torch.equal(ours(0.4).eval()(feature), feature)


@pytest.mark.parametrize(('ours', 'torchs', 'shape'), PAIRS)
def test_some_rows_are_those_of_the_whole(ours, torchs, shape):
    feature, rows = torch.randn(shape), torch.tensor([1, 4, 5])
    torch.manual_seed(0)
    expected, next_draw = torchs(0.4)(feature)[rows], torch.rand(3)
    layer = ours(0.4)
    layer.of(rows, len(feature))
    torch.manual_seed(0)
    torch.testing.assert_close(layer(feature[rows]), expected)
    assert torch.equal(torch.rand(3), next_draw)
    layer.of(None)
    assert layer(feature).shape == feature.shape
