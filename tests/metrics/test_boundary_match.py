"""Everything against the direct way: one threshold at a time, scikit-image, a KD-tree and Hopcroft-Karp."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial import cKDTree
from skimage.morphology import thin as thin_one

from mtkd.metrics import boundary_match as bm

THRESHOLDS = np.arange(1, 20) / 20


def matched_pairs(pred, target, radius):
    """Size of a maximum matching of two binary maps."""
    pixels, targets = np.argwhere(pred), np.argwhere(target)
    if not len(pixels) or not len(targets):
        return 0
    near = cKDTree(pixels).query_ball_tree(cKDTree(targets), radius + 1e-9)
    rows = np.repeat(np.arange(len(pixels)), [len(found) for found in near])
    cols = np.array([col for found in near for col in found], dtype=int)
    graph = csr_matrix((np.ones(len(rows)), (rows, cols)), shape=(len(pixels), len(targets)))
    return int((maximum_bipartite_matching(graph, perm_type='column') >= 0).sum())


def contours(rng, size, num_regions=6):
    """(H, W) thinned boundaries of a random partition."""
    grid = np.stack(np.meshgrid(*map(np.arange, size), indexing='ij'), axis=-1)
    wave = np.stack([ndimage.gaussian_filter(rng.standard_normal(size), 4) for _ in range(2)], axis=-1)
    label = cKDTree(rng.uniform(0, size, (num_regions, 2))).query(grid + 30 * wave)[1]
    return thin_one(bm.partition_boundary(label))


def blurred(rng, edge, shift=(1, -2)):
    """(H, W) in [0, 1]: moved and blurred edges of different strength, with false ones and noise."""
    moved = np.roll(edge, shift, axis=(0, 1)) | (contours(rng, edge.shape, 4) & (rng.random() < 0.7))
    ridge = ndimage.gaussian_filter(moved.astype(float), 1.2) * 3
    ridge *= np.clip(0.6 + 4 * ndimage.gaussian_filter(rng.standard_normal(edge.shape), 6), 0, 1)
    return np.clip(ridge + 0.08 * rng.random(edge.shape), 0, 1)


def maps(kind, seed, size=(48, 60)):
    """(strength, target) of one kind."""
    rng = np.random.default_rng(seed)
    if kind == 'noise':
        return rng.random(size), thin_one(rng.random(size) < 0.15)
    edge = contours(rng, size)
    if kind == 'thick':
        return blurred(rng, edge), edge
    if kind == 'dense':
        return blurred(rng, edge), thin_one(ndimage.binary_dilation(edge, iterations=2) & (rng.random(size) < 0.8))
    return bm.suppress_non_maxima(blurred(rng, edge), border=2), edge


def unstack(stack):
    """(T, H, W) bool."""
    dense = np.zeros((stack.count, stack.shape[0] * stack.shape[1]), dtype=bool)
    dense[:, stack.index] = stack.members().T
    return dense.reshape(stack.count, *stack.shape)


@pytest.mark.parametrize('inclusive', [False, True])
@pytest.mark.parametrize('count', [1, 8, 63, 64, 65, 101, 130])
def test_threshold_stack(count, inclusive):
    thresholds = np.linspace(0.05, 0.95, count)
    strength = np.random.default_rng(count).choice([0.0, 0.3, 1.0, *thresholds], (7, 9))
    stack = bm.threshold_stack(strength, thresholds, inclusive)
    compare = np.greater_equal if inclusive else np.greater
    expected = compare(strength, thresholds[:, None, None])
    np.testing.assert_array_equal(unstack(stack), expected)
    np.testing.assert_array_equal(stack.sizes(), expected.sum((1, 2)))


def test_stack_keeps_only_the_masked_pixels():
    stack = bm.threshold_stack(np.array([[0.2, 0.9], [0.0, 0.6]]), np.array([0.1, 0.5]))
    kept = stack.keep(np.array([True, False, True]))
    np.testing.assert_array_equal(unstack(kept), [[[True, False], [False, True]], [[False, False], [False, True]]])


def test_thinning_of_every_neighbourhood():
    """All 512 blocks of 3 x 3, separated from each other in one image."""
    bits = (np.arange(512)[:, None] >> np.arange(9) & 1).astype(bool).reshape(16, 32, 3, 3)
    canvas = np.pad(bits, ((0, 0), (0, 0), (1, 1), (1, 1))).transpose(0, 2, 1, 3).reshape(16 * 5, 32 * 5)
    np.testing.assert_array_equal(bm.thin(canvas), thin_one(canvas))


@pytest.mark.parametrize('density', [0.3, 0.6, 0.9, 1.0])
def test_thinning_of_random_maps(density):
    rng = np.random.default_rng(7)
    for size in ((1, 1), (1, 9), (2, 5), (20, 31), (41, 40)):
        binary = ndimage.binary_opening(rng.random(size) < density) | (rng.random(size) < density / 2)
        np.testing.assert_array_equal(bm.thin(binary), thin_one(binary))


@pytest.mark.parametrize('kind', ['noise', 'thick', 'suppressed'])
def test_thinning_of_stacks(kind):
    strength, _ = maps(kind, 3)
    thresholds = np.linspace(0.005, 0.995, 101)
    thinned = bm.thin_stack(bm.threshold_stack(strength, thresholds))
    for binary, threshold in zip(unstack(thinned), thresholds, strict=True):
        np.testing.assert_array_equal(binary, thin_one(strength > threshold))


def test_thinning_leaves_its_argument_alone():
    binary = np.ones((6, 6), dtype=bool)
    stack = bm.binary_stack(binary)
    bm.thin_stack(stack)
    assert stack.sizes()[0] == 36
    assert bm.thin(binary).sum() < 36
    assert binary.all()


def test_disc():
    for radius in (0.0, 0.99, 1.0, 1.5, 3.0, 4.6875, 8.8):
        reach = range(-10, 11)
        expected = {(row, col) for row in reach for col in reach if row**2 + col**2 <= radius**2}
        offsets = bm.disc_offsets(radius)
        assert {tuple(step) for step in offsets.tolist()} == expected
        assert len(offsets) == len(expected)
        assert (np.diff((offsets**2).sum(1)) >= 0).all()
    assert [5, 0] in bm.disc_offsets(0.0125 * np.hypot(240, 320)).tolist()  # 5.0 up to rounding


def test_shifted_lines():
    line, moved = np.zeros((2, 12, 10), dtype=bool)
    line[:, 4] = moved[:, 5] = True
    stack = bm.binary_stack(moved)
    assert bm.match_counts(stack, line, 1.0).tolist() == [12]
    assert bm.match_counts(stack, line, 0.99).tolist() == [0]
    assert bm.match_counts(stack, moved, 0.0).tolist() == [12]


def test_nothing_to_match():
    empty = np.zeros((5, 6), dtype=bool)
    full = ~empty
    for binary, target in ((empty, full), (full, empty), (empty, empty)):
        stack = bm.binary_stack(binary)
        assert bm.match_counts(stack, target, 2.0).tolist() == [0]
        assert [counts.tolist() for counts in bm.overlap_counts(stack, target, 2.0)] == [[0], [0]]


def test_one_to_one():
    """Three pixels around one target: one pair, but all three have a target nearby."""
    pred, target = np.zeros((2, 5, 5), dtype=bool)
    pred[1, 2] = pred[2, 1] = pred[3, 2] = target[2, 2] = True
    assert bm.match_counts(bm.binary_stack(pred), target, 1.0).tolist() == [1]
    assert [counts.tolist() for counts in bm.overlap_counts(bm.binary_stack(pred), target, 1.0)] == [[1], [3]]


def test_long_augmenting_path():
    """A chain in which every pixel must be rematched to the next target."""
    pred, target = np.zeros((2, 1, 60), dtype=bool)
    pred[0, 2:42:2] = True
    target[0, 1:40:2] = True
    strength = np.where(pred, np.linspace(0.1, 0.9, 60), 0)
    stack = bm.threshold_stack(strength, np.arange(101) / 100)
    expected = [matched_pairs(strength > t, target, 1) for t in np.arange(101) / 100]
    assert bm.match_counts(stack, target, 1.0).tolist() == expected
    assert expected[0] == 20


@pytest.mark.parametrize('radius', [1.0, 1.5, 3.0, 4.7])
@pytest.mark.parametrize('kind', ['noise', 'thick', 'dense', 'suppressed'])
def test_matching_at_every_threshold(kind, radius):
    """Thinned maps are not nested, so pixels are added and removed from one threshold to the next."""
    for seed in range(2):
        strength, target = maps(kind, seed)
        stack = bm.thin_stack(bm.threshold_stack(strength, THRESHOLDS))
        expected = [matched_pairs(thin_one(strength > t), target, radius) for t in THRESHOLDS]
        assert max(expected) > 40
        np.testing.assert_array_equal(bm.match_counts(stack, target, radius), expected)


def test_overlap_at_every_threshold():
    strength, target = maps('suppressed', 5)
    radius = 2.5
    stack = bm.threshold_stack(strength, THRESHOLDS)
    found_target, found_pred = bm.overlap_counts(stack, target, radius)
    far = ndimage.distance_transform_edt(~target)
    for i, threshold in enumerate(THRESHOLDS):
        binary = strength > threshold
        away = ndimage.distance_transform_edt(~binary) if binary.any() else np.full(binary.shape, np.inf)
        assert found_target[i] == (away[target] <= radius).sum()
        assert found_pred[i] == (far[binary] <= radius).sum()


def random_graph(rng, num_pixels, num_targets, degree):
    linked = rng.random((num_pixels, num_targets)) < degree / num_targets
    # a few targets that all pixels could match, so that many pixels remain unmatched
    linked[:, : num_targets // 5] |= rng.random((num_pixels, num_targets // 5)) < 0.2
    return linked


@pytest.mark.parametrize('degree', [1, 2, 5])
@pytest.mark.parametrize('shape', [(40, 15), (25, 25), (15, 40)])
def test_dynamic_matching_stays_maximum(shape, degree):
    rng = np.random.default_rng(degree)
    linked = random_graph(rng, *shape, degree)
    matching = bm.DynamicMatching(*shape, *np.nonzero(linked))
    present = np.zeros(shape[0], dtype=bool)
    for _ in range(60):
        wanted = rng.random(shape[0]) < rng.choice([0.1, 0.4, 0.7, 0.95])
        changed = rng.random(shape[0]) < rng.choice([0.1, 0.5])
        matching.remove(np.flatnonzero(changed & present & ~wanted).tolist())
        matching.add(np.flatnonzero(changed & ~present & wanted).tolist())
        present = np.where(changed, wanted, present)
        graph = csr_matrix((linked & present[:, None]).astype(float))
        assert matching.size == (maximum_bipartite_matching(graph, perm_type='column') >= 0).sum()


def straight_ridge(size, column):
    """A blurred vertical line, slightly stronger at one end."""
    line = np.zeros(size)
    line[:, column] = np.linspace(0.9, 1, size[0])
    return ndimage.gaussian_filter(line, 2.0)


def test_orientation_of_straight_edges():
    """The normal of a ridge: along the columns for a vertical line, along the rows for a horizontal one."""
    line = straight_ridge((31, 31), 15)
    beside = (slice(10, 20), [14, 16])  # exactly on the crest, the mixed derivative may vanish
    assert np.abs(np.sin(bm.edge_orientation(line)[beside])).max() < 0.01
    assert np.abs(np.cos(bm.edge_orientation(line.T).T[beside])).max() < 0.01


def test_orientation_where_nothing_changes_along_the_edge():
    """The sign of a vanishing mixed derivative is 0 in the formula, so the result is 0, as in the original code."""
    line = np.zeros((31, 31))
    line[15] = 1
    assert (bm.edge_orientation(line)[15, 10:20] == 0).all()


def test_orientation_of_diagonals():
    ridge = ndimage.gaussian_filter(np.eye(41), 1.5)
    np.testing.assert_allclose(bm.edge_orientation(ridge)[15:25, 15:25].diagonal(), 3 * np.pi / 4, atol=0.02)
    np.testing.assert_allclose(np.diag(np.fliplr(bm.edge_orientation(ridge[:, ::-1])))[15:25], np.pi / 4, atol=0.02)


def test_suppression_keeps_the_ridge():
    ridge = straight_ridge((40, 50), 20)
    expected = np.where(np.arange(50) == 20, ridge, 0)
    inner = (slice(6, -6), slice(13, 28))
    np.testing.assert_allclose(bm.suppress_non_maxima(ridge, border=0)[inner], expected[inner])
    np.testing.assert_allclose(bm.suppress_non_maxima(ridge.T, border=0).T[inner], expected[inner])


def test_suppression_slack():
    """A pixel one per cent below its neighbour is kept, one two per cent below is removed."""
    strength = np.zeros((30, 30))
    strength[:, 14], strength[:, 15] = 0.99, 1.0
    assert (bm.suppress_non_maxima(strength, border=0)[6:-6, 14] == 0).all()  # .9999 < 1
    strength[:, 14] = 0.995
    assert (bm.suppress_non_maxima(strength, border=0)[6:-6, 14] == 0.995).all()


def test_suppression_fades_the_frame():
    kept = bm.suppress_non_maxima(np.ones((12, 14)), border=5)
    np.testing.assert_allclose(kept[6], [0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0])
    np.testing.assert_allclose(kept[1, 1], 0.04)
    assert (bm.suppress_non_maxima(np.ones((12, 14)), border=0) == 1).all()
    assert bm.suppress_non_maxima(np.ones((4, 30)), border=5)[2, 15] == 0.5  # at most half of a small image


def test_suppression_wants_a_gradient():
    with pytest.raises(ValueError, match='2 x 2'):
        bm.suppress_non_maxima(np.ones((1, 8)))


def test_partition_boundary():
    label = np.array([[0, 0, 1], [0, 0, 1], [2, 2, 1]])
    np.testing.assert_array_equal(bm.partition_boundary(label), [[0, 1, 0], [1, 1, 0], [0, 1, 0]])
    corner = np.array([[0, 0], [0, 1]])
    np.testing.assert_array_equal(bm.partition_boundary(corner), [[1, 1], [1, 0]])
