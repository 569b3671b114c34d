import pytest
import torch

from mtkd.models.heads import BottleneckHead
from mtkd.registry import HEADS


def head(**changes):
    torch.manual_seed(0)
    return HEADS.build({'type': 'BottleneckHead', 'in_channels': 8, 'out_channels': 3, **changes}).eval()


def test_two_blocks_before_the_logits():
    given, made = torch.randn(2, 8, 5, 6), head()
    assert isinstance(made, BottleneckHead) and made.feature_channels == 8
    feature = made.feature(given)
    torch.testing.assert_close(feature, made.blocks[1](made.blocks[0](given)))
    assert feature.shape == given.shape and torch.equal(made.predict(feature), made.logits(feature))
    assert sum(p.numel() for p in made.parameters()) == 2 * (16 + 36 + 16 + 2 * (2 + 2 + 8)) + 27


def test_a_width_that_four_does_not_divide_is_refused():
    with pytest.raises(ValueError, match='10 channels are not a multiple of 4'):
        head(in_channels=10)
