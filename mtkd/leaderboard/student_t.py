"""Student's t distribution, for intervals and tests on a handful of seeds, without importing SciPy."""

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_STEPS = 500  # steps of the continued fraction; a few dozen are enough for usual numbers of seeds


def two_sided_p(t: float, freedom: float) -> float:
    """The probability of \\|T\\| >= \\|t\\|.

    Args:
        t: the statistic; NaN gives NaN.
        freedom: degrees of freedom, above 0; not necessarily whole.
    """
    if math.isnan(t):
        return math.nan
    if math.isinf(t):
        return 0.0
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t))


@lru_cache(maxsize=4096)
def t_quantile(freedom: float, level: float = 0.95) -> float:
    """The t with P(\\|T\\| <= t) = ``level``.

    Args:
        freedom: degrees of freedom, above 0; not necessarily whole.
        level: level of a two-sided interval.

    Raises:
        ValueError: no degree of freedom, or a level outside (0, 1).
    """
    if not freedom > 0 or not 0 < level < 1:
        raise ValueError(f"Student's t has a quantile for freedom > 0 and 0 < level < 1, not {freedom} and {level}.")
    wanted = 1 - level
    low, high = 0.0, math.inf
    z = NormalDist().inv_cdf((1 + level) / 2)
    t = z + (z ** 3 + z) / (4 * freedom)  # the first terms of the expansion in 1 / freedom
    for _ in range(200):
        p = two_sided_p(t, freedom)
        low, high = (t, high) if p > wanted else (low, t)
        better = _newton(t, p, wanted, freedom)
        if not low < better < high:
            better = 2 * t if math.isinf(high) else (low + high) / 2
        step, t = abs(better - t), better
        if step <= 1e-8 * t:  # the error after a step is of the order of its square
            break
    return t


def _newton(t: float, p: float, wanted: float, freedom: float) -> float:
    """A step of Newton's method on log p as a function of log t, which is nearly straight; NaN where p is 0."""
    if p == 0:
        return math.nan
    log_density = (math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
                   - (freedom + 1) / 2 * math.log1p(t * t / freedom))
    return t * (p / wanted) ** (p / (2 * t * math.exp(log_density)))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b) (DLMF 8.17)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the continued fraction converges fast on the other side
        return 1 - _incomplete_beta(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / a / _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction 1 + d1/(1 + d2/(1 + ...)) of DLMF 8.17.22, from the front (modified Lentz)."""
    value = c = 1.0
    d = 0.0
    for step in range(1, _STEPS):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / ((1 + term * d) or _TINY)
        c = (1 + term / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return value
