import numpy as np
import pytest
import torch

from mtkd.distill.losses import AEKD
from mtkd.distill.losses.aekd import bounded_min_norm

from .official import NUMBERS, TEACHERS, check, scores


@pytest.mark.parametrize(('normalise', 'bound', 'name'), [
    (False, 1.0, 'nu=-1.000 norm=False'), (False, 0.6, 'nu=0.556 norm=False'), (True, 1.0, 'nu=-1.000 norm=True'),
    (True, 0.6, 'nu=0.556 norm=True')])
def test_official_weights_values_and_gradients(normalise, bound, name):
    """The official solver stops at 1e-6; for three teachers, ν = 1 / 1.8 corresponds to a largest weight of 0.6."""
    loss = AEKD(bound=bound, normalise=normalise)
    own, teachers = scores().detach().log_softmax(1), tuple(teacher.log_softmax(1) for teacher in TEACHERS)
    weights = loss.weigh(own[:, :, None], tuple(part[:, :, None] for part in teachers), None)
    assert weights.flatten().tolist() == pytest.approx(NUMBERS[f'aekd_scale {name}'], abs=2e-5)
    check(loss, f'aekd {name}', tolerance=2e-4)


def test_the_minimum_is_one():
    """Comparison with the minimum over a fine grid of three weights."""
    rng = np.random.default_rng(0)
    for bound in (1.0, 0.5):
        vectors = rng.normal(size=(3, 4)) + 0.4
        gram = vectors @ vectors.T
        weights = bounded_min_norm(gram, bound)
        a, b = np.meshgrid(np.linspace(0, 1, 201), np.linspace(0, 1, 201))
        grid = np.stack([a, b, 1 - a - b], -1).reshape(-1, 3)
        grid = grid[(grid >= -1e-12).all(1) & (grid <= bound + 1e-12).all(1)]
        best = np.einsum('ni,ij,nj->n', grid, gram, grid).min()
        assert weights.sum() == pytest.approx(1) and weights.max() <= bound + 1e-12 and weights.min() >= 0
        assert weights @ gram @ weights <= best + 1e-12


def test_equal_gradients_and_none_at_all():
    assert bounded_min_norm(np.ones((3, 3)), 1.0) == pytest.approx([1 / 3] * 3)
    assert bounded_min_norm(np.zeros((2, 2)), 0.1) == pytest.approx([0.5, 0.5])


def test_a_bound_is_a_share():
    with pytest.raises(ValueError, match='bound=0'):
        AEKD(bound=0.0)


def test_masked_pixels_have_no_say():
    rng = torch.Generator().manual_seed(0)
    own, one, two = (torch.randn(2, 3, 4, generator=rng).log_softmax(1) for _ in range(3))
    mask = torch.tensor([[True, True, False, False], [True, False, False, False]])
    other = torch.where(mask[:, None], one, one.flip(1))
    torch.testing.assert_close(AEKD().weigh(own, (one, two), mask), AEKD().weigh(own, (other, two), mask))
