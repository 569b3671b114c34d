import torch

from mtkd.models.heads import PointwiseHead
from mtkd.registry import HEADS


def head(**changes):
    torch.manual_seed(0)
    return HEADS.build({'type': 'PointwiseHead', 'in_channels': 8, 'out_channels': 3, **changes}).eval()


def test_two_pointwise_layers_that_keep_the_width():
    given, made = torch.randn(2, 8, 5, 6), head()
    assert isinstance(made, PointwiseHead) and made.feature_channels == 8
    feature = made.feature(given)
    assert feature.shape == given.shape and (feature >= 0).all()
    assert made.predict(feature).shape == (2, 3, 5, 6)
    assert sum(p.numel() for p in made.parameters()) == (64 + 8) + 16 + (24 + 3)
    other = given.clone()
    other[..., 0, 0] += 1
    assert torch.equal(made.feature(other)[..., 1:, :], feature[..., 1:, :])
