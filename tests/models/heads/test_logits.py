import torch

from mtkd.models.heads import LogitsHead
from mtkd.registry import HEADS


def head(**changes):
    torch.manual_seed(0)
    return HEADS.build({'type': 'LogitsHead', 'in_channels': 8, 'out_channels': 3, **changes}).eval()


def test_the_feature_is_what_comes_in_and_one_convolution_the_rest():
    given, made = torch.randn(2, 8, 5, 6), head()
    assert isinstance(made, LogitsHead) and made.feature_channels == 8
    assert made.feature(given) is given
    expected = torch.einsum('oc,bchw->bohw', made.logits.weight[..., 0, 0], given) + made.logits.bias.view(1, -1, 1, 1)
    torch.testing.assert_close(made.predict(given), expected)
    assert sum(p.numel() for p in made.parameters()) == 8 * 3 + 3


def test_dropout_is_of_whole_channels_and_of_training():
    given, made = torch.ones(4, 8, 5, 6), head(dropout=0.5)
    assert torch.equal(made.predict(given), made.logits(given))
    dropped = made.train().dropout(given)
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropped.amax((2, 3)), dropped.amin((2, 3)))
