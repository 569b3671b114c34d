"""Inspects the input of a network: panels of augmented images with all labels, and statistics of the labels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import Tensor

from .. import atomic
from ..datasets import MultiDataset, TaskDataset
from ..engine.config import default_data_root, load_config, prepare
from ..engine.loaders import datasets_of
from ..engine.smoke import smoke as cut_down
from ..registry import DATASETS
from ..structures import SampleMeta, TargetKind, as_picture
from ..tasks import Task, build_tasks

SPLITS = ('train', 'val', 'test')
SMALL_SIDE = 240  # images whose longer side is below this are enlarged
PAGE_HEIGHT = 1600
MARGIN = 6
LINE = 18
FONT = cv2.FONT_HERSHEY_SIMPLEX

AnySet = TaskDataset | MultiDataset
Row = tuple[str, list[np.ndarray]]  # caption, one (H, W, 3) image per column


@dataclass(frozen=True)
class Browsed:
    """Result of :func:`browse`.

    Attributes:
        name: name of the data set.
        size: its number of samples.
        facts: task -> statistics of its labels.
        panels: the written files.
    """

    name: str
    size: int
    facts: dict[str, 'LabelFacts']
    panels: list[Path]


class LabelFacts:
    """Statistics of the labels of one task, accumulated over samples.

    Attributes:
        samples: number of inspected samples.
        present: number of samples with the label.
        pixels: number of pixels of present labels without padding (1 for an image-level label).
        valid: number of pixels with a value.
        counts: value -> frequency, for integer labels.
        low: minimum of each component, for other labels.
        high: maximum of each component.
    """

    def __init__(self, kind: TargetKind, num_classes: int | None = None) -> None:
        self.kind = kind
        self.num_classes = num_classes
        self.samples = self.present = self.pixels = self.valid = 0
        self.counts: dict[int, int] = {}
        self.low = self.high = self.total = np.zeros(0)

    def add(self, target: Tensor, present: bool, inside: np.ndarray | None = None) -> None:
        """Add the label of one sample.

        Args:
            target: label in the tensor form of its kind, without batch axis.
            present: whether the sample has the label.
            inside: (H, W) bool, False on padding; None: there is none.
        """
        self.samples += 1
        if not present:
            return
        self.present += 1
        valid = self.kind.valid(target[None]).reshape(-1).numpy()
        counted = np.ones_like(valid) if inside is None else inside.reshape(-1)
        self.pixels += int(counted.sum())
        kept = valid & counted
        self.valid += int(kept.sum())
        values = target.reshape(-1, len(valid)).numpy()[:, kept]
        if not values.size:
            return
        if np.issubdtype(values.dtype, np.integer):
            for value, count in zip(*np.unique(values, return_counts=True), strict=True):
                self.counts[int(value)] = self.counts.get(int(value), 0) + int(count)
            return
        first = not self.low.size
        self.low = values.min(1) if first else np.minimum(self.low, values.min(1))
        self.high = values.max(1) if first else np.maximum(self.high, values.max(1))
        self.total = values.sum(1, dtype=np.float64) + (0 if first else self.total)

    @property
    def valid_share(self) -> float:
        """Fraction of pixels with a value among present labels; 0 without any."""
        return self.valid / max(self.pixels, 1)

    def __str__(self) -> str:
        return RANGES[self.kind.name](self) if self.valid else 'no value'


def _classes(facts: LabelFacts) -> str:
    of = f' of {facts.num_classes}' if facts.num_classes else ''
    return f'{len(facts.counts)}{of} classes: {_runs(sorted(facts.counts))}'


def _binary(facts: LabelFacts) -> str:
    return f'1 on {facts.counts.get(1, 0) / facts.valid:.2%}'


def _metres(facts: LabelFacts) -> str:
    return f'{facts.low[0]:.3f} to {facts.high[0]:.3f} m, mean {facts.total[0] / facts.valid:.3f} m'


def _vectors(facts: LabelFacts) -> str:
    parts = zip('xyz', facts.low, facts.high, facts.total / facts.valid, strict=True)
    return ', '.join(f'{axis} {low:.2f} to {high:.2f} (mean {mean:+.2f})' for axis, low, high, mean in parts)


def _numbers(facts: LabelFacts) -> str:
    return f'{facts.low[0]:g} to {facts.high[0]:g}, mean {facts.total[0] / facts.valid:g}'


RANGES: dict[str, Callable[[LabelFacts], str]] = {
    'class_map': _classes, 'class_label': _classes, 'binary_map': _binary, 'edge_map': _binary, 'depth': _metres,
    'normals': _vectors, 'scalar': _numbers}


def _runs(numbers: Sequence[int]) -> str:
    """[0, 1, 2, 5] -> '0-2 5'."""
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    return ' '.join(str(a) if a == b else f'{a}-{b}' for a, b in zip(starts, ends, strict=True))


def open_split(config: str | Path, split: str = 'train', *, options: Mapping[str, Any] | None = None, seed: int = 0,
               data_root: Path | None = None, smoke: bool = False) -> tuple[dict[str, Task], AnySet]:
    """Build the tasks of a config and the data set of one of its loaders, without a model.

    Args:
        config: config file.
        split: split of the loader: ``'train'``, ``'val'`` or ``'test'``.
        options: ``--cfg-options``.
        seed: seed of the augmentation.
        data_root: folder that contains the folders of the data sets; None: MTKD_DATA_ROOT or ``data``.
        smoke: use the synthetic replacement instead of the data.

    Raises:
        FileNotFoundError: there is no such config, or files of the data set are missing.
        ValueError: the config is invalid or has no such loader, or its data are broken.
    """
    cfg = load_config(config, options)
    if smoke:
        cfg = cut_down(cfg)
    loader = f'{split}_dataloader'
    if not cfg.get(loader):
        raise ValueError(f'{cfg.filename} has no {loader}: choose another --split.')
    cfg.train_cfg = {**(cfg.get('train_cfg') or {}), 'val_interval': 1}  # otherwise the validation set is removed
    cfg = prepare(cfg, work_dir='', seed=seed, data_root=data_root or default_data_root())
    for part in datasets_of(cfg[loader]):
        if 'cache' in part:
            part.cache = False  # only a few samples are used, so nothing is preloaded
    dataset = DATASETS.build(cfg[loader].dataset)
    dataset.full_init()
    dataset.adopt_seed(seed)
    return build_tasks(cfg.tasks), dataset


def browse(tasks: Mapping[str, Task], dataset: AnySet, folder: Path, *, stem: str = 'samples', num: int = 8,
           draws: int = 1, seed: int = 0, overlay: bool = False) -> Browsed:
    """Draw samples of a data set after its pipeline, and collect statistics of their labels.

    A panel has one row per sample and draw: the image, then the label of each task as drawn by :meth:`Task.draw`; invalid
    pixels are black.

    Args:
        tasks: name -> task, for the tasks of the data set.
        dataset: the data set.
        folder: output folder of ``<stem>_00.png``, ``<stem>_01.png`` ….
        stem: prefix of the file names.
        num: number of random samples; those of a MultiDataset are taken from its data sets in turn.
        draws: number of augmentations of each sample.
        seed: seed of the choice of samples.
        overlay: blend labels with the image at 50 %, to check their alignment.

    Raises:
        ValueError: ``folder`` is a file, or the data are broken.
        PermissionError: ``folder`` cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f'{folder} is a file: name a folder for the panels.')
    folder.mkdir(parents=True, exist_ok=True)
    facts = {name: LabelFacts(task.kind, getattr(task, 'num_classes', None)) for name, task in tasks.items()}
    rows: list[Row] = []
    for key in choose(dataset, num, seed):
        for draw in range(draws):
            place: Any = (*key, draw)
            sample = dataset[place]
            for name, fact in facts.items():
                target = sample['targets'][name]
                fact.add(target, bool(sample['present'][name]), _inside(sample['meta'], target, sample['image']))
            rows.append((caption(sample['meta'], draw), cells(sample, tasks, overlay)))
    panels = []
    for number, page in enumerate(pages(rows)):
        panels.append(folder / f'{stem}_{number:02d}.png')
        atomic.write_picture(panels[-1], layout(['image', *tasks], page))
    return Browsed(dataset.name, len(dataset), facts, panels)


def choose(dataset: AnySet, num: int, seed: int) -> list[tuple[int, ...]]:
    """Choose the keys, without the draw, of ``num`` different samples (or all, if there are fewer)."""
    several = isinstance(dataset, MultiDataset)
    sizes = dataset.sizes if isinstance(dataset, MultiDataset) else [len(dataset)]
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(size) for size in sizes]
    turns = ((number, int(order[turn])) for turn in range(max(sizes)) for number, order in enumerate(orders)
             if turn < len(order))
    return [key if several else key[1:] for key in islice(turns, num)]


def _inside(meta: SampleMeta, target: Tensor, image: Tensor) -> np.ndarray | None:
    """(H, W) bool, False on padding; None if there is none, or the label does not have the size of the image."""
    crop = meta.get('crop')
    if crop is None or target.shape[-2:] != image.shape[-2:]:
        return None
    top, left, height, width = crop
    inside = np.zeros(tuple(target.shape[-2:]), bool)
    inside[top:top + height, left:left + width] = True
    return inside


def caption(meta: SampleMeta, draw: int) -> str:
    """One line that describes the origin and the augmentation of a sample."""
    height, width = meta.get('original_size', (0, 0))
    crop = meta.get('crop')
    said = [f"{meta.get('dataset')} '{meta.get('sample_id')}'", f'draw {draw}', f'read at {height}x{width}']
    said += ['mirrored'] if meta.get('flip') else []
    said += [f'image at top {crop[0]}, left {crop[1]}, {crop[2]}x{crop[3]}'] if crop else []
    return ', '.join(said)


def cells(sample: Mapping[str, Any], tasks: Mapping[str, Task], overlay: bool = False) -> list[np.ndarray]:
    """The image and each task's label as (H, W, 3) uint8 RGB, all maps of one size."""
    picture = _array(sample['image'])
    labels = {name: _array(task.draw(sample['targets'][name][None])[0]) for name, task in tasks.items()}
    maps = [picture, *(labels[name] for name, task in tasks.items() if task.kind.spatial)]
    height, width = (max(part.shape[axis] for part in maps) for axis in (0, 1))
    zoom = max(1, -(-SMALL_SIDE // max(height, width)))
    shown = [_stretched(picture, height * zoom, width * zoom)]
    for name, task in tasks.items():
        label = labels[name]
        if task.kind.spatial:
            label = _stretched(label, height * zoom, width * zoom)
            if overlay:
                label = cv2.addWeighted(shown[0], 0.5, label, 0.5, 0)
        if not sample['present'][name]:
            label = np.zeros_like(label)
            _write(label, 'absent', (4, LINE), ink=255)
        shown.append(label)
    return shown


def pages(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Group rows into pages; a row that is too high gets a separate page."""
    page: list[Row] = []
    used = 0
    for row in rows:
        needed = max(cell.shape[0] for cell in row[1]) + LINE + MARGIN
        if page and used + needed > PAGE_HEIGHT:
            yield page
            page, used = [], 0
        page.append(row)
        used += needed
    if page:
        yield page


def layout(titles: Sequence[str], rows: Sequence[Row]) -> np.ndarray:
    """One page, (H, W, 3) uint8 RGB: with titles above the columns and captions above the rows."""
    columns = list(zip(*(shown for _, shown in rows), strict=True))
    widths = [max([_width(title), *(cell.shape[1] for cell in column)])
              for title, column in zip(titles, columns, strict=True)]
    heights = [max(cell.shape[0] for cell in shown) for _, shown in rows]
    lefts = np.cumsum([MARGIN, *(width + MARGIN for width in widths)])
    width = max(int(lefts[-1]), *(_width(text) + 2 * MARGIN for text, _ in rows))
    page = np.full((LINE + MARGIN + sum(h + LINE + MARGIN for h in heights), width, 3), 255, np.uint8)
    for title, left in zip(titles, lefts, strict=False):
        _write(page, title, (int(left), LINE - 4))
    top = LINE
    for (text, shown), height in zip(rows, heights, strict=True):
        _write(page, text, (MARGIN, top + LINE - 4), ink=96)
        top += LINE
        for cell, left in zip(shown, lefts, strict=False):
            page[top:top + cell.shape[0], left:left + cell.shape[1]] = cell
        top += height + MARGIN
    return page


def report(seen: Browsed) -> str:
    """A table of label statistics, one line per task."""
    table = [('task', 'present', 'valid', 'values')]
    table += [(name, f'{fact.present}/{fact.samples}', f'{fact.valid_share:.1%}', str(fact))
              for name, fact in seen.facts.items()]
    widths = [max(len(line[column]) for line in table) for column in range(3)]
    return '\n'.join('  '.join([*(text.ljust(w) for text, w in zip(line, widths, strict=False)), line[3]])
                     for line in table)


def _array(image: Tensor) -> np.ndarray:
    return np.ascontiguousarray(as_picture(image).permute(1, 2, 0).numpy())


def _stretched(cell: np.ndarray, height: int, width: int) -> np.ndarray:
    return cv2.resize(cell, (width, height), interpolation=cv2.INTER_NEAREST)


def _width(text: str) -> int:
    return cv2.getTextSize(text, FONT, 0.45, 1)[0][0]


def _write(page: np.ndarray, text: str, place: tuple[int, int], ink: int = 0) -> None:
    cv2.putText(page, text, place, FONT, 0.45, (ink, ink, ink), 1, cv2.LINE_AA)
