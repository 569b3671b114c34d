"""Properties of every registered probability view."""

import pytest
import torch

from mtkd.registry import PROB_VIEWS
from mtkd.tasks import ProbView

CHANNELS = {'softmax': 5, 'naive': 3, 'sigmoid_pair': 1, 'soft_bins': 1, 'sphere_bins': 3, 'positive': 2,
            'spatial_softmax': 2, 'none': 4}
NORMALISED = ['naive', 'sigmoid_pair', 'soft_bins', 'softmax', 'sphere_bins']


def output(name, scale=1.0):
    return scale * torch.randn(2, CHANNELS[name], 4, 5, generator=torch.Generator().manual_seed(0)) + 2


def test_every_view_is_tested():
    ours = {name for name, cls in PROB_VIEWS.module_dict.items() if cls.__module__.startswith('mtkd.tasks')}
    assert ours == set(CHANNELS)


@pytest.mark.parametrize('name', CHANNELS)
def test_normalised_says_whether_places_sum_to_one(name):
    view = PROB_VIEWS.build({'type': name})
    assert view.normalised == (name in NORMALISED)
    assert view.scope <= {'inter', 'intra'}
    assert ('inter' in view.scope) == view.normalised
    probs = view(output(name), 2.0)
    if name == 'none':
        assert probs is None and view.log_probs(output(name)) is None and not view.scope
        return
    assert probs.dtype == torch.float32 and probs.shape[0] == 2 and probs.shape[2:] == (4, 5) and (probs >= 0).all()
    assert torch.allclose(probs.sum(1), torch.ones(2, 4, 5)) == view.normalised


@pytest.mark.parametrize('name', [*NORMALISED, 'spatial_softmax'])
def test_log_probs_are_the_logarithm(name):
    view = PROB_VIEWS.build({'type': name})
    torch.testing.assert_close(view.log_probs(output(name), 3.0).exp(), view(output(name), 3.0))
    assert torch.isfinite(view.log_probs(output(name, 300.0))).all()


@pytest.mark.parametrize('name', NORMALISED)
def test_temperature_divides_the_scores(name):
    view = PROB_VIEWS.build({'type': name})
    expected = torch.softmax(view.scores(output(name)).double() / 4, 1)
    torch.testing.assert_close(view(output(name), 4.0).double(), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize('name', sorted(set(CHANNELS) - {'none'}))
def test_autocast_and_bf16_keep_fp32(name):
    view = PROB_VIEWS.build({'type': name})
    out = output(name).bfloat16()
    with torch.autocast('cpu', torch.bfloat16):
        probs = view(out, 1.5)
    assert probs.dtype == torch.float32
    torch.testing.assert_close(probs, view(out.float(), 1.5))


@pytest.mark.parametrize('name', sorted(set(CHANNELS) - {'none'}))
@pytest.mark.parametrize('value', [0.0, -3.0, 1e4])
def test_gradient_is_finite(name, value):
    out = torch.full((1, CHANNELS[name], 2, 2), value, requires_grad=True)
    PROB_VIEWS.build({'type': name})(out).square().sum().backward()
    assert torch.isfinite(out.grad).all()


def test_a_view_without_scores_says_so():
    with pytest.raises(TypeError, match='ProbView has no scores'):
        ProbView()(torch.zeros(1, 2))
