"""A Gramian taken apart into norms and cosines, and the small convex problems that balances solve on them.

Everything here is float64 on the host: T is small, and a solver sees cosines, so that neither the scale of all gradients nor
the ratio between two of them matters.
"""

import numpy as np

FLOAT32 = float(np.finfo(np.float32).eps)  # how exactly gradients are known


def angles(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Norms and cosines of T vectors, none of them 0.

    Directions in which the unit vectors differ by no more than float32 gradients can tell (eigenvalues of the cosines below
    T · 2⁻²³ of the largest) are taken for none: such a matrix is positive semi-definite of lower rank.

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
    """The cosines, plus a little of the identity where a combination of the vectors vanishes: weights stay finite."""
    singular = np.linalg.eigvalsh(cosines)[0] < ridge
    return cosines + ridge * np.eye(len(cosines)) if singular else cosines


def min_norm(gram: np.ndarray, tolerance: float = 1e-11) -> np.ndarray:
    """The point of least norm in the convex hull of T vectors, known by their Gramian.

    Wolfe's active-set method: exact, in about T small solves.

    Args:
        gram: (T, T) float64, positive semi-definite.
        tolerance: the sine of the angle by which a vector may still improve the point.

    Returns:
        (T,) float64 weights, none negative, of sum 1.

    Source: Wolfe, Finding the nearest point in a polytope, 1976.
    """
    zero = np.flatnonzero(gram.diagonal() <= 0)
    if len(zero):
        return np.eye(len(gram))[zero[0]]
    norms, cosines = angles(gram)
    sums = norms.min() / norms
    return least(cosines, sums, np.zeros(len(sums)), tolerance) * sums


def least(cosines: np.ndarray, sums: np.ndarray, linear: np.ndarray, tolerance: float = 1e-11) -> np.ndarray:
    """The y >= 0 with sums' y = 1 and the least y' C y / 2 + linear' y.

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
            now[falling & (now <= now[falling].min())] = 0.0  # at least one leaves, rounding or not
            point[support] = now
            support = [index for index in support if point[index] > 0]
    return point / (sums @ point)


def bordered(cosines: np.ndarray, sums: np.ndarray, linear: np.ndarray, total: float = 1.0) -> np.ndarray:
    """The y with sums' y = total at which y' C y / 2 + linear' y is stationary on that plane; of several the shortest."""
    count = len(sums)
    system = np.zeros((count + 1, count + 1))
    system[:count, :count] = cosines
    system[:count, count] = system[count, :count] = sums
    return np.linalg.lstsq(system, np.append(-linear, total), rcond=1e-13)[0][:count]


def in_cone(cosines: np.ndarray, linear: np.ndarray, tolerance: float = 1e-12) -> np.ndarray:
    """The z >= 0 with the least z' C z / 2 + linear' z, linear being in the range of C.

    Args:
        cosines: (T, T), C.
        linear: (T,).
        tolerance: by how much, relative to the largest entry of ``linear``, a condition may be missed.

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
    """The weights of what Σ w_t g_t becomes when it is projected onto the cone of directions that oppose no g_t.

    Args:
        norms: (T,).
        cosines: (T, T).
        weights: (T,), w.

    Returns:
        (T,), none below ``weights``.

    Source: Quinton & Rey 2024, proposition 1: the v >= w with the least v' G v.
    """
    return weights + in_cone(cosines, cosines @ (norms * weights)) / norms
