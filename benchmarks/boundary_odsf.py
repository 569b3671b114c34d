"""The cost of odsF: images per second, and the speedup over evaluating one threshold at a time.

    python benchmarks/boundary_odsf.py                                     # 300 images of 240 x 320, two processes
    python benchmarks/boundary_odsf.py --images 40 --size 425 560 --max-dist 0.011

The maps are synthetic: boundaries of a warped random partition, shifted by up to a few pixels, blurred, of uneven strength,
with texture and noise. The straightforward method (scikit-image's thinning, a KD-tree and SciPy's Hopcroft-Karp at each of
the 101 thresholds) runs on a few of the same images and must give the same counts.
"""

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import torch
from scipy import ndimage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial import cKDTree
from skimage.morphology import thin

from mtkd.metrics.boundary import BoundaryF
from mtkd.metrics.boundary_match import partition_boundary, suppress_non_maxima

PIXELS_PER_REGION = 2500


def smooth_noise(rng: np.random.Generator, size: tuple[int, int], sigma: float) -> np.ndarray:
    """(H, W) Gaussian noise of unit variance, correlated over ``sigma`` pixels."""
    noise = ndimage.gaussian_filter(rng.standard_normal(size), sigma)
    return noise / noise.std()


def make_sample(seed: int, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Make one image.

    Returns:
        (H, W) float32 edge probabilities, (H, W) uint8 target.
    """
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*map(np.arange, size), indexing='ij'), axis=-1)
    centres = rng.uniform(0, size, (size[0] * size[1] // PIXELS_PER_REGION, 2))
    warp = np.stack([6 * smooth_noise(rng, size, 12) for _ in range(2)], axis=-1)
    edge = partition_boundary(cKDTree(centres).query(grid + warp)[1])
    moved = [grid[..., axis] + 1.5 * smooth_noise(rng, size, 15) for axis in range(2)]
    ridge = ndimage.map_coordinates(ndimage.gaussian_filter(thin(edge).astype(float), 1.5), moved, order=1)
    logit = 33 * ridge + 1.5 * smooth_noise(rng, size, 20) + 0.9 * smooth_noise(rng, size, 2) - 4
    return (1 / (1 + np.exp(-logit))).astype(np.float32), edge.astype(np.uint8)


def straightforward(prob: np.ndarray, label: np.ndarray, metric: BoundaryF) -> np.ndarray:
    """(4 T,): what ``metric.record`` returns, with each threshold evaluated separately."""
    strength = suppress_non_maxima(np.floor(prob * np.float32(255)).astype(np.float64) / 255)
    target = thin(label == 1)
    tree = cKDTree(np.argwhere(target))
    counts = []
    for threshold in metric.thresholds:
        binary = thin(strength > threshold)
        pairs = 0
        if binary.any():
            # predicted pixels as rows: SciPy takes several times longer with target pixels as rows
            near = cKDTree(np.argwhere(binary)).sparse_distance_matrix(tree, metric.radius(label.shape),
                                                                       output_type='coo_matrix')
            graph = csr_matrix((np.ones(near.nnz), (near.row, near.col)), shape=near.shape)
            pairs = int((maximum_bipartite_matching(graph, perm_type='column') >= 0).sum())
        counts.append((pairs, np.count_nonzero(target), pairs, np.count_nonzero(binary)))
    return np.array(counts, dtype=np.float64).T.ravel()


def record(metric: BoundaryF, prob: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, float]:
    """The record of one image and the processor seconds spent on it."""
    start = time.process_time()
    counts = metric.record(torch.from_numpy(prob), torch.from_numpy(label)).numpy()
    return counts, time.process_time() - start


def one_thread() -> None:
    """Limit each process to one thread, so that they do not compete for cores."""
    torch.set_num_threads(1)


def main() -> None:
    """Make the images, score them in worker processes, score a few with the straightforward method, and print."""
    parser = argparse.ArgumentParser(description='What odsF costs.')
    parser.add_argument('--images', type=int, default=300)
    parser.add_argument('--size', type=int, nargs=2, default=(240, 320), metavar=('H', 'W'))
    parser.add_argument('--processes', type=int, default=2)
    parser.add_argument('--max-dist', type=float, default=0.0075)
    parser.add_argument('--mode', choices=('exact', 'fast'), default='exact')
    parser.add_argument('--reference', type=int, default=2, metavar='N', help='images scored the straightforward way')
    args = parser.parse_args()
    size = (args.size[0], args.size[1])
    metric = BoundaryF(args.max_dist, mode=args.mode)

    spawn = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(args.processes, mp_context=spawn, initializer=one_thread) as pool:
        samples = list(pool.map(make_sample, range(args.images), [size] * args.images, chunksize=4))
        start = time.perf_counter()
        results = list(pool.map(record, [metric] * args.images, *zip(*samples, strict=True), chunksize=4))
        wall = time.perf_counter() - start
    seconds = np.array([spent for _, spent in results])
    rate = args.images / wall
    print(f'{args.images} images of {size[0]} x {size[1]}, radius {metric.radius(size):.2f} px, '
          f'{len(metric.thresholds)} thresholds, {args.processes} processes')
    print(f'{rate:.1f} images/s, 300 images in {300 / rate / 60:.2f} min; '
          f'processor time per image {1000 * np.median(seconds):.0f} ms (median), {1000 * seconds.max():.0f} ms (maximum)')
    scores = metric.summarise(torch.from_numpy(np.stack([counts for counts, _ in results])))
    print('  '.join(f'{name} {score:.2f} {metric.names[name].unit}' for name, score in scores.items()))
    compare(metric, samples[:args.reference])


def compare(metric: BoundaryF, samples: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Time the straightforward method and ours on the same images, in this process.

    Raises:
        AssertionError: an exact metric's counts differ.
    """
    one_thread()
    ours = theirs = 0.0
    for prob, label in samples:
        counts, spent = record(metric, prob, label)
        ours += spent
        start = time.process_time()
        expected = straightforward(prob, label, metric)
        theirs += time.process_time() - start
        if metric.mode == 'exact':
            np.testing.assert_array_equal(counts, expected)
    if samples:
        same = ', same counts' if metric.mode == 'exact' else ''
        print(f'straightforward method: {theirs / len(samples):.2f} s of processor time per image, '
              f'ours {ours / len(samples):.3f} s: {theirs / ours:.0f} times faster{same}')


if __name__ == '__main__':
    main()
