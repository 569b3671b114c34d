import pytest
import torch
from torch import nn

from mtkd.models.blocks.residual import basic_block, two_basic_blocks, two_bottlenecks


@pytest.mark.parametrize('made, given, wanted, params', [
    (basic_block, 6, 4, 9 * (6 * 4 + 16) + 6 * 4 + 3 * 8), (basic_block, 4, 4, 9 * 32 + 2 * 8),
    (two_basic_blocks, 6, 4, 9 * (6 * 4 + 3 * 16) + 6 * 4 + 5 * 8),
    (two_bottlenecks, 6, 8, (6 * 2 + 9 * 4 + 2 * 8) + (8 * 2 + 9 * 4 + 2 * 8) + 6 * 8 + 2 * (2 * (2 + 2 + 8) + 8))])
def test_widths_and_parameters(made, given, wanted, params):
    blocks = made(given, wanted)
    assert blocks(torch.randn(2, given, 5, 7)).shape == (2, wanted, 5, 7)
    assert sum(p.numel() for p in blocks.parameters()) == params


def test_they_are_residual():
    block = basic_block(4, 4).eval()
    nn.init.zeros_(block.bn2.weight)
    x = torch.randn(1, 4, 3, 3)
    assert torch.equal(block(x), x.relu())


def test_a_quarter_must_be_whole():
    with pytest.raises(ValueError, match='10 channels are not a multiple of 4'):
        two_bottlenecks(6, 10)
