"""Student's t against SciPy."""

import math

import pytest
from scipy import stats

from mtkd.leaderboard.student_t import t_quantile, two_sided_p

FREEDOMS = (1, 1.3, 2, 3, 4.7, 9, 20, 100.5, 1000)


@pytest.mark.parametrize('freedom', FREEDOMS)
@pytest.mark.parametrize('level', [.5, .9, .95, .999])
def test_quantiles(freedom, level):
    assert t_quantile(freedom, level) == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=1e-9)


@pytest.mark.parametrize('freedom', FREEDOMS)
@pytest.mark.parametrize('t', [1e-3, .5, 1, -2, 3, 12.7, 50])
def test_probabilities(freedom, t):
    assert two_sided_p(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-9)


def test_ends():
    assert two_sided_p(0, 3) == 1 and two_sided_p(math.inf, 3) == 0 and math.isnan(two_sided_p(math.nan, 3))
    for freedom, level in ((0, .95), (-1, .95), (math.nan, .95), (3, 0), (3, 1)):
        with pytest.raises(ValueError, match='has a quantile'):
            t_quantile(freedom, level)
