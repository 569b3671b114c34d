"""Splits a Gramian into norms and cosines, and solves the small convex problems that balances pose on them.

All computations are in float64 on the CPU, because T is small. The solvers work on cosines, so that neither the overall
scale of the gradients nor the ratio between two of them affects the accuracy.
"""

import numpy as np

FLOAT32 = float(np.finfo(np.float32).eps)  # relative precision of the gradients


def angles(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Norms and cosines of T nonzero vectors.

    Directions in which the unit vectors differ by less than the precision of float32 gradients (eigenvalues of the cosines
    below T · 2⁻²³ of the largest) are set to zero: the result is positive semi-definite and of lower rank.

    Args:
        gram: (T, T) Gramian.

    Returns:
        (T,) norms and (T, T) cosines, float64.
    """
    norms = np.sqrt(gram.diagonal())
    cosines = gram / norms[:, None] / norms
    cosines = (cosines + cosines.T) / 2
    np.fill_diagonal(cosines, 1.0)
    values, vectors = np.linalg.eigh(cosines)
    kept = values > len(gram) * FLOAT32 * values[-1]
    if not kept.all():
        cosines = (vectors[:, kept] * values[kept]) @ vectors[:, kept].T
    return norms, cosines


def firm(cosines: np.ndarray, ridge: float = 1e-8) -> np.ndarray:
    """Adds a small ridge to the cosines if a combination of the vectors vanishes, so that weights stay finite."""
    singular = np.linalg.eigvalsh(cosines)[0] < ridge
    return cosines + ridge * np.eye(len(cosines)) if singular else cosines


def min_norm(gram: np.ndarray, tolerance: float = 1e-11) -> np.ndarray:
    """The point of minimum norm in the convex hull of T vectors, given their Gramian.

    Uses Wolfe's active-set method, which is exact and takes about T small solves.

    Args:
        gram: (T, T) float64, positive semi-definite.
        tolerance: the sine of the angle by which a vector may still improve the point.

    Returns:
        (T,) float64 weights, nonnegative, with sum 1.

    Source: Wolfe, Finding the nearest point in a polytope, 1976.
    """
    zero = np.flatnonzero(gram.diagonal() <= 0)
    if len(zero):
        return np.eye(len(gram))[zero[0]]
    norms, cosines = angles(gram)
    sums = norms.min() / norms
    return least(cosines, sums, np.zeros(len(sums)), tolerance) * sums


def least(cosines: np.ndarray, sums: np.ndarray, linear: np.ndarray, tolerance: float = 1e-11) -> np.ndarray:
    """Minimises y' C y / 2 + linear' y subject to y >= 0 and sums' y = 1.

    Args:
        cosines: (T, T), C.
        sums: (T,), positive.
        linear: (T,).
        tolerance: see :func:`min_norm`.

    Returns:
        (T,).
    """
    count = len(sums)
    point = np.zeros(count)
    support = [int((0.5 / sums ** 2 + linear / sums).argmin())]
    point[support] = 1 / sums[support]
    for _ in range(10 * count):
        slope = cosines @ point
        limit = tolerance * (np.sqrt(max(point @ slope, 0.0)) + np.abs(linear)) + 1e-15 * point.sum()
        slope = slope + linear
        gain = sums * (point @ slope) - slope - limit
        gain[support] = 0.0
        entering = int(gain.argmax())
        if gain[entering] <= 0:
            break
        support.append(entering)
        while True:
            target = bordered(cosines[np.ix_(support, support)], sums[support], linear[support])
            if (target > 0).all():
                point[support] = target
                break
            now = point[support]
            falling = target <= 0
            step = (now[falling] / np.maximum(now[falling] - target[falling], np.finfo(float).tiny)).min()
            now = now + min(step, 1.0) * (target - now)
            now[now <= 1e-15 * now.max()] = 0.0
            now[falling & (now <= now[falling].min())] = 0.0  # removes at least one, whatever the rounding
            point[support] = now
            support = [index for index in support if point[index] > 0]
    return point / (sums @ point)


def bordered(cosines: np.ndarray, sums: np.ndarray, linear: np.ndarray, total: float = 1.0) -> np.ndarray:
    """The stationary point of y' C y / 2 + linear' y subject to sums' y = total; the shortest one if there are several."""
    count = len(sums)
    system = np.zeros((count + 1, count + 1))
    system[:count, :count] = cosines
    system[:count, count] = system[count, :count] = sums
    return np.linalg.lstsq(system, np.append(-linear, total), rcond=1e-13)[0][:count]


def in_cone(cosines: np.ndarray, linear: np.ndarray, tolerance: float = 1e-12) -> np.ndarray:
    """Minimises z' C z / 2 + linear' z subject to z >= 0, with linear in the range of C.

    Args:
        cosines: (T, T), C.
        linear: (T,).
        tolerance: the allowed violation of a condition, relative to the largest entry of ``linear``.

    Returns:
        (T,).

    Source: Lawson & Hanson, Solving least squares problems, 1974, chapter 23.
    """
    count = len(linear)
    found = np.zeros(count)
    support: list[int] = []
    barred: set[int] = set()
    limit = tolerance * np.abs(linear).max()
    for _ in range(20 * count):
        slope = cosines @ found + linear
        slope[[*support, *barred]] = np.inf
        entering = int(slope.argmin())
        if slope[entering] >= -limit:
            break
        before = found.copy()
        support.append(entering)
        while support:
            target = np.linalg.lstsq(cosines[np.ix_(support, support)], -linear[support], rcond=1e-12)[0]
            if (target > 0).all():
                found[support] = target
                break
            now = found[support]
            falling = target <= 0
            step = (now[falling] / np.maximum(now[falling] - target[falling], np.finfo(float).tiny)).min()
            now = np.maximum(now + min(step, 1.0) * (target - now), 0.0)
            now[falling & (now <= now[falling].min())] = 0.0
            found[support] = now
            support = [index for index in support if found[index] > 0]
        barred = barred | {entering} if np.array_equal(found, before) else set()
    return found


def to_dual_cone(norms: np.ndarray, cosines: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weights of Σ w_t g_t after its projection onto the cone of directions that conflict with no g_t.

    Args:
        norms: (T,).
        cosines: (T, T).
        weights: (T,), w.

    Returns:
        (T,), each at least its entry in ``weights``.

    Source: Quinton & Rey 2024, proposition 1: the v >= w with the least v' G v.
    """
    return weights + in_cone(cosines, cosines @ (norms * weights)) / norms
