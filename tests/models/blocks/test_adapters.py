import pytest
import torch
from torch.nn import functional as F

from mtkd.models.blocks.adapters import Adapter, AdapterPath, RepresentationRouter


def test_an_adapter_is_a_scaled_bottleneck_beside_the_identity():
    torch.manual_seed(0)
    part, tokens = Adapter(8, 4), torch.randn(2, 5, 8)
    part.scale.data.fill_(0.5)
    assert part.narrow.out_features == 2 and not part.narrow.bias.any()
    torch.testing.assert_close(part(tokens), tokens + 0.5 * part.widen(F.gelu(part.narrow(tokens))))


def test_a_path():
    torch.manual_seed(0)
    path, before, tokens = AdapterPath(8, 3, [0, 2], 4), torch.randn(2, 5, 8), torch.randn(2, 5, 8)
    torch.testing.assert_close(path.step(1, before, tokens), path.adapters[1](before + tokens))
    torch.testing.assert_close(path.read(2, before), F.layer_norm(before, (8,)))
    assert set(path.norms) == {'0', '2'}


@pytest.mark.parametrize('noisy', [False, True])
def test_a_router_mixes_by_sample(noisy):
    torch.manual_seed(0)
    router, features = RepresentationRouter(8, 3, noisy).eval(), [torch.randn(2, 5, 8) for _ in range(3)]
    mixed, weights = router(features)
    torch.testing.assert_close(weights, router.score(features[0]).mean(1)[:, :3].softmax(1))
    torch.testing.assert_close(mixed[1], sum(weights[1, i] * features[i][1] for i in range(3)))


def test_noise_has_the_deviation_that_the_network_gives():
    torch.manual_seed(0)
    router, feature = RepresentationRouter(8, 2, True).train(), torch.randn(1, 5, 8)
    router.score[3].bias.data = torch.tensor([0.3, -0.2, 1.0, 1.0])
    clean, spread = router.score(feature).mean(1).chunk(2, 1)
    drawn = torch.stack([router([feature, feature])[1][0].log() for _ in range(3000)])
    gap = drawn[:, 0] - drawn[:, 1]  # normally distributed around the difference of the scores
    expected = (F.softplus(spread) + 0.01).square().sum().sqrt()
    assert gap.mean().item() == pytest.approx((clean[0, 0] - clean[0, 1]).item(), abs=0.15)
    assert gap.std().item() == pytest.approx(expected.item(), rel=0.08)
    plain = RepresentationRouter(8, 2, False).train()
    assert torch.equal(plain([feature, feature])[1], plain([feature, feature])[1])
