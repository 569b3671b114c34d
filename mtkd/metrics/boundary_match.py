"""Non-maximum suppression, thinning and one-to-one matching of boundary maps, in NumPy and SciPy.

A boundary score evaluates one map at about a hundred thresholds, so everything here works on all thresholds at once
(:class:`BoundaryStack`: the pixels of the map, and for each a word of bits, bit i = threshold i):

* thinning deletes pixels by Boolean formulas of their eight neighbours, evaluated on 64 thresholds per machine word;
* a maximum matching is carried over from one threshold to the next and updated where pixels are added or removed.

Both give exactly the same numbers as separate thresholds.

Source: the protocol of SEISM (Pont-Tuset & Marques), fact sheet section 3.4. Notation: H, W rows and columns, N pixels
of a stack, T thresholds, K = ceil(T / 64) words, P pixels and G target pixels of the candidate graph, E its edges.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

BoolArray: TypeAlias = NDArray[np.bool_]
FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
WordArray: TypeAlias = NDArray[np.uint64]

WORD_BITS = 64
TRIANGLE = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1]) / 25.0
# Neighbours 0..7 counter-clockwise from east, as (row, column) steps.
RING = ((0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1))


def edge_orientation(strength: FloatArray) -> FloatArray:
    """Direction across an edge, from second derivatives of a smoothed copy.

    Args:
        strength: (H, W).

    Returns:
        (H, W) angles in [0, pi), radians from the column axis towards the row axis.

    Source: fact sheet 3.4, step 2 (triangle filter of radius 4, symmetric border, central differences).
    """
    from scipy import ndimage  # late: most runs score no edges
    smooth = ndimage.correlate1d(strength, TRIANGLE, axis=0, mode='reflect')
    smooth = ndimage.correlate1d(smooth, TRIANGLE, axis=1, mode='reflect')
    d_row, d_col = np.gradient(smooth)
    d_row_row, d_row_col = np.gradient(d_row)
    d_col_col = np.gradient(d_col, axis=1)
    return np.mod(np.arctan(d_row_row * np.sign(-d_row_col) / (d_col_col + 1e-5)), np.pi)


def suppress_non_maxima(strength: FloatArray, border: int = 5, slack: float = 1.01) -> FloatArray:
    """Non-maximum suppression across edges, with attenuation at the image border.

    Args:
        strength: (H, W), not negative.
        border: width in pixels of the frame that is attenuated linearly to 0 at the outermost row and column; 0: none.
        slack: a pixel is suppressed if ``slack * strength`` is below a bilinear sample one pixel to either side.

    Returns:
        (H, W); 0 where suppressed.

    Raises:
        ValueError: the map is smaller than 2 x 2, so it has no gradient.

    Source: fact sheet 3.4, step 3.
    """
    if min(strength.shape) < 2:
        raise ValueError(f'Boundary maps need at least 2 x 2 pixels for non-maximum suppression, got {strength.shape}.')
    from scipy import ndimage  # late: most runs score no edges
    rows, cols = np.nonzero(strength)
    angle = edge_orientation(strength)[rows, cols]
    value = strength[rows, cols]
    keep: BoolArray = np.ones(len(rows), dtype=bool)
    for side in (-1, 1):
        place = [rows + side * np.sin(angle), cols + side * np.cos(angle)]
        keep &= slack * value >= ndimage.map_coordinates(strength, place, order=1, mode='nearest')
    kept = np.zeros_like(strength)
    kept[rows[keep], cols[keep]] = value[keep]
    return kept * _fade(strength.shape[0], border)[:, None] * _fade(strength.shape[1], border)


def _fade(length: int, border: int) -> FloatArray:
    """(length,) factors: distance to the nearer end over ``border``, at most 1 (border at most half the length)."""
    border = min(border, length // 2)
    if border == 0:
        return np.ones(length)
    place = np.arange(length)
    return np.minimum(np.minimum(place, place[::-1]) / border, 1.0)


def partition_boundary(partition: NDArray[np.integer]) -> BoolArray:
    """Pixels whose label differs from the one to the right, below, or below right.

    Args:
        partition: (H, W) labels.

    Returns:
        (H, W); the last row compares to the right only, the last column below only.

    Source: fact sheet 3.4, step 5.
    """
    edge = np.zeros(partition.shape, dtype=bool)
    edge[:, :-1] |= partition[:, :-1] != partition[:, 1:]
    edge[:-1] |= partition[:-1] != partition[1:]
    edge[:-1, :-1] |= partition[:-1, :-1] != partition[1:, 1:]
    return edge


@dataclass(frozen=True)
class BoundaryStack:
    """A stack of T sparse binary maps of one size.

    Attributes:
        shape: (H, W).
        index: (N,) flat positions, ascending, of the pixels set in any map.
        words: (K, N); bit ``i % 64`` of word ``i // 64`` says whether the pixel is set in map i.
        count: T.
    """

    shape: tuple[int, int]
    index: IntArray
    words: WordArray
    count: int

    def keep(self, mask: BoolArray) -> 'BoundaryStack':
        """The same maps with only the pixels of ``mask`` (N,)."""
        return BoundaryStack(self.shape, self.index[mask], self.words[:, mask], self.count)

    def members(self) -> BoolArray:
        """(N, T): whether pixel n is set in map i."""
        octets = np.ascontiguousarray(self.words.T).astype('<u8').view(np.uint8)
        return np.unpackbits(octets, axis=1, count=self.count, bitorder='little').view(bool)

    def sizes(self) -> IntArray:
        """(T,) pixels set in each map."""
        return self.members().sum(axis=0)


def threshold_stack(strength: FloatArray, thresholds: FloatArray, inclusive: bool = False) -> BoundaryStack:
    """The maps ``strength > t`` (``>= t`` where ``inclusive``), one for each threshold t.

    Args:
        strength: (H, W).
        thresholds: (T,), ascending.
    """
    height, width = strength.shape
    passed: IntArray = np.searchsorted(thresholds, strength.ravel(), side='right' if inclusive else 'left')
    index = np.flatnonzero(passed)
    bits: BoolArray = np.tri(len(thresholds) + 1, len(thresholds), k=-1, dtype=bool)
    octets: NDArray[np.uint8] = np.zeros((len(bits), 8 * -(-len(thresholds) // WORD_BITS)), dtype=np.uint8)
    octets[:, : -(-len(thresholds) // 8)] = np.packbits(bits, axis=1, bitorder='little')
    table = octets.view('<u8').astype(np.uint64).T
    return BoundaryStack((height, width), index, np.ascontiguousarray(table[:, passed[index]]), len(thresholds))


def binary_stack(binary: BoolArray) -> BoundaryStack:
    """One map as a stack of one."""
    return threshold_stack(np.asarray(binary, dtype=np.float64), np.array([0.5]))


def thin(binary: BoolArray) -> BoolArray:
    """Thin one (H, W) map until nothing changes; see :func:`thin_stack`."""
    stack = thin_stack(binary_stack(binary))
    thinned = np.zeros(binary.shape, dtype=bool)
    thinned.ravel()[stack.index] = True
    return thinned


def thin_stack(stack: BoundaryStack) -> BoundaryStack:
    """Thin each map of a stack by Guo and Hall's parallel algorithm, until nothing changes.

    The conditions and their order are those of ``bwmorph(…, 'thin', inf)`` and ``skimage.morphology.thin``; pixels outside
    the image are empty. A pixel is tested only if it or a neighbour was deleted in one of the last two sub-iterations:
    otherwise nothing has changed since it was last tested in this kind of sub-iteration.

    Source: Z. Guo & R. W. Hall 1989, the variant of Lam, Lee & Suen 1992; fact sheet 3.4, step 4.
    """
    height, width = stack.shape
    pitch = width + 2
    steps = [row * pitch + col for row, col in RING]
    place = (stack.index // width + 1) * pitch + stack.index % width + 1
    planes: WordArray = np.zeros((len(stack.words), (height + 2) * pitch), dtype=np.uint64)
    planes[:, place] = stack.words
    reach = np.array([0, *steps])[:, None]
    last, first = place, 0
    todo = place
    while len(todo):
        gone = planes[:, todo] & _deletable([planes[:, todo + step] for step in steps], first)
        planes[:, todo] ^= gone
        before, last = last, todo[gone.any(axis=0)]
        changed: BoolArray = np.zeros(planes.shape[1], dtype=bool)
        changed[before + reach] = True
        changed[last + reach] = True
        todo = place[changed[place]]
        first = 4 - first
    thinned = BoundaryStack(stack.shape, stack.index, planes[:, place], stack.count)
    return thinned.keep(thinned.words.any(axis=0))


def _deletable(ring: list[WordArray], first: int) -> WordArray:
    """Bits of the maps in which a pixel with these eight neighbours may be deleted in one sub-iteration.

    Args:
        ring: eight (K, N), the neighbours in the order of :data:`RING`.
        first: 0 (east and north side) or 4 (west and south side).
    """
    crossings = [~ring[k] & (ring[k + 1] | ring[(k + 2) % 8]) for k in (0, 2, 4, 6)]
    one, two = crossings[0], np.zeros_like(crossings[0])
    for crossing in crossings[1:]:
        two = two | (one & crossing)
        one = one | crossing
    single = one & ~two
    pairs_a = _two_and_four([ring[k] | ring[k + 1] for k in (0, 2, 4, 6)])
    pairs_b = _two_and_four([ring[k + 1] | ring[(k + 2) % 8] for k in (0, 2, 4, 6)])
    (two_a, four_a), (two_b, four_b) = pairs_a, pairs_b
    enough = two_a & two_b & ~(four_a & four_b)
    side = (ring[first + 1] | ring[first + 2] | ~ring[(first + 7) % 8]) & ring[first]
    return single & enough & ~side


def _two_and_four(parts: list[WordArray]) -> tuple[WordArray, WordArray]:
    """(at least two of four set, all four set)."""
    a, b, c, d = parts
    both, either, both_cd, either_cd = a & b, a | b, c & d, c | d
    return both | both_cd | (either & either_cd), both & both_cd


def disc_offsets(radius: float) -> IntArray:
    """(O, 2) integer (row, column) steps of length at most ``radius`` pixels, shortest first."""
    reach = int(np.floor(radius + 1e-9))
    steps = np.stack(np.mgrid[-reach : reach + 1, -reach : reach + 1], axis=-1).reshape(-1, 2)
    length = (steps**2).sum(axis=1)
    order = np.argsort(length, kind='stable')
    return steps[order][length[order] <= radius**2 + 1e-9]


@dataclass(frozen=True)
class CandidateGraph:
    """Which pixels of a stack may be matched to which target pixels.

    Attributes:
        pixel: (E,) positions in ``BoundaryStack.index``, shortest distance first.
        target: (E,) target pixel numbers.
        num_targets: G.
    """

    pixel: IntArray
    target: IntArray
    num_targets: int


def candidate_graph(stack: BoundaryStack, target: BoolArray, radius: float) -> CandidateGraph:
    """All pairs of a stack pixel and a target pixel at most ``radius`` pixels apart.

    Args:
        target: (H, W).
    """
    offsets = disc_offsets(radius)
    reach = int(np.abs(offsets).max())
    height, width = stack.shape
    pitch = width + 2 * reach
    number: IntArray = np.full((height + 2 * reach) * pitch, -1, dtype=np.int64)
    number[(stack.index // width + reach) * pitch + stack.index % width + reach] = np.arange(len(stack.index))
    rows, cols = np.nonzero(target)
    place = (rows + reach) * pitch + cols + reach
    found = number[(offsets @ np.array([pitch, 1]))[:, None] + place]
    step, target_number = np.nonzero(found >= 0)
    return CandidateGraph(found[step, target_number], target_number, len(rows))


def match_counts(stack: BoundaryStack, target: BoolArray, radius: float) -> IntArray:
    """Size of a maximum one-to-one matching between each map of a stack and the target.

    Args:
        target: (H, W).
        radius: largest distance of a matched pair, pixels.

    Returns:
        (T,) matched pairs; as many pixels of the map as of the target are matched.
    """
    graph = candidate_graph(stack, target, radius)
    near, pixel = np.unique(graph.pixel, return_inverse=True)
    matching = DynamicMatching(len(near), graph.num_targets, pixel, graph.target)
    now = stack.keep(near).members()
    counts: IntArray = np.zeros(stack.count, dtype=np.int64)
    before: BoolArray = np.zeros(len(near), dtype=bool)
    for i in range(stack.count - 1, -1, -1):
        matching.remove(np.flatnonzero(before & ~now[:, i]).tolist())
        matching.add(np.flatnonzero(now[:, i] & ~before).tolist())
        counts[i] = matching.size
        before = now[:, i]
    return counts


def overlap_counts(stack: BoundaryStack, target: BoolArray, radius: float) -> tuple[IntArray, IntArray]:
    """The number of pixels with a counterpart within ``radius``; counterparts may be shared.

    Returns:
        ((T,) target pixels with a pixel of the map nearby, (T,) pixels of the map with a target pixel nearby).
    """
    graph = candidate_graph(stack, target, radius)
    if not len(graph.pixel):
        return np.zeros(stack.count, dtype=np.int64), np.zeros(stack.count, dtype=np.int64)
    order = np.argsort(graph.target, kind='stable')
    starts = np.flatnonzero(np.diff(graph.target[order], prepend=-1))
    words = np.bitwise_or.reduceat(stack.words[:, graph.pixel[order]], starts, axis=1)
    found = BoundaryStack(stack.shape, np.arange(len(starts)), words, stack.count).members()
    near = stack.keep(np.isin(np.arange(len(stack.index)), graph.pixel)).members()
    return found.sum(axis=0), near.sum(axis=0)


class DynamicMatching:
    """A maximum matching between pixels and targets, updated incrementally when pixels are added or removed.

    Besides the matching it keeps a set of *full* targets with two properties: (1) every full target is matched, to a
    pixel all of whose targets are full; (2) all targets of every unmatched present pixel are full. Hence no alternating
    path leads from an unmatched pixel to an unmatched target, which is what makes a matching maximum (Berge).

    For a new pixel, an augmenting path outside the full set is searched breadth first; if there is none, the visited targets
    join the set. If a pixel with a full target is removed, an unmatched pixel for that target is searched backwards inside
    the set; if there is none, the visited targets leave the set (no remaining pixel can reach them, so both properties still
    hold). Nothing has to be done for other targets.

    Args:
        num_pixels: P; none is present at first.
        num_targets: G.
        pixel: (E,) pixel of each candidate pair; pairs that come first are tried first.
        target: (E,) target of each candidate pair.
    """

    def __init__(self, num_pixels: int, num_targets: int, pixel: IntArray, target: IntArray) -> None:
        self.size = 0
        self._targets_of = _group(pixel, target, num_pixels)
        self._pixels_of = _group(target, pixel, num_targets)
        self._target_of_pixel = [-1] * num_pixels
        self._pixel_of_target = [-1] * num_targets
        self._present = [False] * num_pixels
        self._full = [False] * num_targets
        self._via_pixel = [-1] * num_targets
        self._via_target = [-1] * num_pixels

    def add(self, pixels: list[int]) -> None:
        """Add absent pixels."""
        for pixel in pixels:
            self._present[pixel] = True
            self._match(pixel)

    def remove(self, pixels: list[int]) -> None:
        """Remove present pixels."""
        freed = []
        for pixel in pixels:
            self._present[pixel] = False
            target = self._target_of_pixel[pixel]
            if target >= 0:
                self._target_of_pixel[pixel] = self._pixel_of_target[target] = -1
                self.size -= 1
                if self._full[target]:
                    freed.append(target)
        for target in freed:
            self._refill(target)

    def _match(self, start: int) -> None:
        targets_of, pixel_of_target = self._targets_of, self._pixel_of_target
        full, via = self._full, self._via_pixel
        visited: list[int] = []
        queue = [start]
        for pixel in queue:
            for target in targets_of[pixel]:
                if full[target]:
                    continue
                via[target] = pixel
                owner = pixel_of_target[target]
                if owner < 0:
                    for other in visited:
                        full[other] = False
                    self._shift_to(target, start)
                    return
                full[target] = True
                visited.append(target)
                queue.append(owner)

    def _shift_to(self, target: int, start: int) -> None:
        """Match along the path from pixel ``start`` to the unmatched target."""
        while True:
            pixel = self._via_pixel[target]
            left = self._target_of_pixel[pixel]
            self._target_of_pixel[pixel] = target
            self._pixel_of_target[target] = pixel
            if pixel == start:
                break
            target = left
        self.size += 1

    def _refill(self, start: int) -> None:
        target_of_pixel, present = self._target_of_pixel, self._present
        full, via = self._full, self._via_target
        seen: set[int] = set()
        queue = [start]
        for target in queue:
            for pixel in self._pixels_of[target]:
                if not present[pixel] or pixel in seen:
                    continue
                own = target_of_pixel[pixel]
                if own < 0:
                    via[pixel] = target
                    self._shift_from(pixel, start)
                    return
                if full[own]:
                    seen.add(pixel)
                    via[pixel] = target
                    queue.append(own)
        for target in queue:
            full[target] = False

    def _shift_from(self, pixel: int, start: int) -> None:
        """Match along the path from the unmatched pixel to target ``start``."""
        while True:
            target = self._via_target[pixel]
            left = self._pixel_of_target[target]
            self._target_of_pixel[pixel] = target
            self._pixel_of_target[target] = pixel
            if target == start:
                break
            pixel = left
        self.size += 1


def _group(key: IntArray, value: IntArray, num_keys: int) -> list[list[int]]:
    """For each key 0 … num_keys - 1 its values, in their order."""
    order = np.argsort(key, kind='stable')
    ends = np.cumsum(np.bincount(key, minlength=num_keys)).tolist()
    values = value[order].tolist()
    return [values[start:end] for start, end in zip([0, *ends], ends, strict=False)]
