import pytest
import torch

from mtkd.distill.losses import Standardiser
from mtkd.distill.losses.feature_statistics import METHODS, spread, transform

from ..ranks import on_two_ranks

# github.com/NVlabs/RADIO at c0f3701, ``get_phi_s_matrix`` of the features below, float64: the mean, and |Hᵀ W| (the signs of
# eigenvectors are a convention)
MEAN = [0.8581527740619113, 0.44198769177152225, -0.6001285422539834, -0.39185370560927874]
UNROTATED = [[0.5182728046760179, 0.02225714105765439, 0.0025887089589633483, 0.019611833185781358],
             [0.02416551198912595, 0.5056770747989303, 0.08608458766425976, 0.07608924779206128],
             [0.004446276220494261, 0.09469891086889157, 0.5072134525867624, 0.05692333645193348],
             [0.01682154574098174, 0.06573307983632995, 0.06935893365243856, 0.5099793544316265]]


def series(shape, code):
    return (torch.arange(torch.Size(shape).numel(), dtype=torch.float64).square() * 0.37 + code).sin().view(shape)


def features() -> torch.Tensor:
    """(40, 4) rows as a batch of 5 maps of 8 positions."""
    rows = series((40, 4), 3) * torch.arange(1.0, 5.0) + series((4,), 2)
    return rows.view(5, 8, 4).transpose(1, 2)


def flat(view: torch.Tensor) -> torch.Tensor:
    return view.transpose(1, 2).reshape(-1, view.shape[1])


def test_official_phi_s():
    scale = Standardiser(4, 'phi_s')
    scale.double()(features())
    assert scale.mean.tolist() == pytest.approx(MEAN, rel=1e-6)
    hadamard = spread(torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close((hadamard.T @ scale.matrix.double()).abs(), torch.tensor(UNROTATED, dtype=torch.float64),
                               rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('method', METHODS[1:])
def test_what_each_method_makes_of_the_covariance(method):
    made = flat(Standardiser(4, method).double()(features()))
    covariance = torch.cov(made.T)
    torch.testing.assert_close(made.mean(0), torch.zeros(4, dtype=torch.float64), atol=1e-6, rtol=0)
    assert covariance.diagonal().mean().item() == pytest.approx(1, rel=1e-5)
    if method != 'global':
        assert covariance.diagonal().tolist() == pytest.approx([1] * 4, rel=1e-5)
    if method in ('pca', 'zca'):
        torch.testing.assert_close(covariance, torch.eye(4, dtype=torch.float64), atol=1e-5, rtol=0)
    if method == 'zca':
        matrix = transform(torch.cov(flat(features()).T), 'zca')
        torch.testing.assert_close(matrix, matrix.T)


@pytest.mark.parametrize('count', [1, 2, 3, 6, 7, 8, 12])
def test_a_spread_is_orthogonal_and_its_variances_are_equal(count):
    values = series((count,), 1).abs() * torch.arange(1.0, count + 1)
    matrix = spread(values)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(count, dtype=torch.float64))
    turned = (matrix @ torch.diag(values) @ matrix.T).diagonal()
    torch.testing.assert_close(turned, values.mean().expand(count))


@pytest.mark.parametrize('method', ['standardise', 'phi_s'])
def test_steps_add_up_and_then_it_is_fixed(method):
    whole, parts = Standardiser(4, method, steps=1), Standardiser(4, method, steps=2)
    whole(features())
    for part in features().split((2, 3)):
        parts(part)
    for name, value in whole.state_dict().items():
        if name != 'seen':
            torch.testing.assert_close(parts.state_dict()[name], value)
    before = parts.matrix.clone()
    parts(features() * 9)
    assert torch.equal(parts.matrix, before)
    untouched = Standardiser(4, method).eval()
    torch.testing.assert_close(untouched(features()), features())


def test_what_does_not_count_is_left_out():
    mask = torch.rand(5, 8, generator=torch.Generator().manual_seed(0)) < 0.5
    changed = features().masked_fill(~mask[:, None], 77.0)
    one, other = Standardiser(4), Standardiser(4)
    one(features(), mask), other(changed, mask)
    torch.testing.assert_close(one.mean, other.mean)
    assert one.count == mask.sum()


def test_a_channel_without_variance_stays():
    constant = torch.ones(2, 3, 4, dtype=torch.float64)
    for method in METHODS[1:]:
        assert Standardiser(3, method)(constant).isfinite().all()


def _share(rank: int, ranks: int) -> dict:
    scale = Standardiser(4, 'phi_s')
    scale(features().split((2, 3))[rank] if ranks > 1 else features())
    return dict(scale.state_dict())


def test_two_ranks_are_one_process(tmp_path):
    whole = _share(0, 1)
    for rank in on_two_ranks(_share, tmp_path):
        for name, value in whole.items():
            torch.testing.assert_close(rank[name], value)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="method='whiten'"):
        Standardiser(3, 'whiten')
