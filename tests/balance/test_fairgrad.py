import numpy as np
import pytest
import torch
from torchjd.aggregation import FairGradWeighting

from mtkd.balance import FairGrad
from mtkd.balance.fairgrad import fair

from .cases import random_rows, set_up, weights_of


@pytest.mark.parametrize('alpha', [0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize('scale', [1e-12, 1e-4, 1.0, 1e12])
@pytest.mark.parametrize('ratio', [1.0, 1e6])
def test_it_solves_its_equation(alpha, scale, ratio):
    for seed, count in enumerate((2, 3, 5, 8)):
        rows = scale * random_rows(seed, count) * ratio ** np.random.default_rng(seed).uniform(-1, 0, (count, 1))
        weights = fair(rows @ rows.T, alpha)
        assert (weights > 0).all()
        assert rows @ (weights @ rows) * weights ** (1 / alpha) == pytest.approx(np.ones(count), rel=1e-6)


def test_torchjds_least_squares_agree_at_an_ordinary_scale():
    rows = random_rows(3, 3)
    theirs = FairGradWeighting(alpha=2.0)(torch.from_numpy(rows @ rows.T)).numpy()
    assert weights_of(set_up(FairGrad()), rows) == pytest.approx(theirs, rel=1e-3)


def test_no_fairness_is_the_mean():
    assert weights_of(set_up(FairGrad(0.0)), random_rows(0, 3)) == pytest.approx([1 / 3] * 3)
    with pytest.raises(ValueError, match='FairGrad has alpha=-1; give 0 or more'):
        FairGrad(-1)


def test_gradients_that_cancel_have_finite_weights():
    rows = np.array([[1.0, 0.0], [-1.0, 0.0]])
    assert np.isfinite(fair(rows @ rows.T, 2.0)).all()
