import pytest
import torch

from mtkd.distill import Identity, Linear1x1, NonLinear


@pytest.mark.parametrize('projector', [Linear1x1(6, 4), Linear1x1(6, 4, bias=True, init='default'), NonLinear(6, 4)])
def test_maps_and_vectors_alike(projector):
    vector = torch.randn(2, 6)
    assert projector(torch.randn(2, 6, 3, 5)).shape == (2, 4, 3, 5)
    torch.testing.assert_close(projector(vector), projector(vector[:, :, None, None])[:, :, 0, 0])


def test_parameters():
    assert sum(p.numel() for p in Linear1x1(6, 4).parameters()) == 24
    assert sum(p.numel() for p in Linear1x1(6, 4, bias=True).parameters()) == 28
    assert sum(p.numel() for p in NonLinear(6, 4).parameters()) == 6 * 12 + 12 * 4


def test_linear_is_linear_and_non_linear_is_not():
    a, b = torch.randn(1, 6, 2, 2), torch.randn(1, 6, 2, 2)
    for projector, linear in ((Linear1x1(6, 6), True), (NonLinear(6, 6), False)):
        assert torch.allclose(projector(a + b), projector(a) + projector(b), atol=1e-5) == linear


def test_xavier_has_its_spread():
    torch.manual_seed(0)
    assert float(Linear1x1(300, 500).get_parameter('0.weight').detach().std()) == pytest.approx((2 / 800) ** .5, rel=.02)


def test_refusals():
    with pytest.raises(ValueError, match='init'):
        Linear1x1(1, 1, init='zero')
    with pytest.raises(ValueError, match='Linear1x1'):
        Identity(3, 4)
    assert Identity(3, 3)(a := torch.randn(1, 3)) is a
