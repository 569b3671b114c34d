import torch

from mtkd.distill.losses import DKD
from mtkd.distill.losses.dkd import without_target

from .official import check


def test_official_values_and_gradients():
    check(DKD(), 'dkd')
    check(DKD(), 'dkd_alpha_only', 'dkd_target')
    assert DKD().terms == ('dkd_target', 'dkd_rest')


def test_a_distribution_is_split():
    probs = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)[None, :, None]
    pair, rest = without_target(probs.log(), torch.tensor([[[1]]]))
    torch.testing.assert_close(pair[0, :, 0].exp(), torch.tensor([0.3, 0.7], dtype=torch.float64))
    torch.testing.assert_close(rest[0, :, 0].exp(), torch.tensor([5 / 7, 1, 2 / 7], dtype=torch.float64))


def test_the_weights_scale_the_terms():
    probs = torch.randn(2, 4, generator=torch.Generator().manual_seed(0)).log_softmax(1)
    other, target = probs.flip(0), torch.tensor([1, 3])
    plain = DKD(1.0, 1.0)(probs, other, target=target)
    scaled = DKD(3.0, 0.5)(probs, other, target=target)
    torch.testing.assert_close(scaled['dkd_target'][0], 3 * plain['dkd_target'][0])
    torch.testing.assert_close(scaled['dkd_rest'][0], plain['dkd_rest'][0] / 2)
