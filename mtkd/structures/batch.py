"""The batch: collated samples of a data set, the input of networks, tasks and distillers."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor

from .kinds import Size, TargetKind
from .rows import Routing


class SampleMeta(TypedDict, total=False):
    """Origin and transformations of a sample (for caches, metrics and images)."""

    dataset: str
    sample_id: str
    index: int
    original_size: Size  # (height, width) as read
    crop: tuple[int, int, int, int] | None  # (top, left, height, width) of image inside the tensor; None: all of it
    flip: bool
    view: int


class Sample(TypedDict):
    """One sample in the data pipeline, in NumPy form."""

    image: Any  # (H, W, 3) uint8 RGB; a clip (T, H, W, 3)
    targets: dict[str, Any]  # task -> label in its kind's NumPy form, or None where the sample has no such label
    meta: SampleMeta


class _Training(TypedDict, total=False):
    """Added by the preprocessor in training."""

    labelled: dict[str, list[bool]]  # ``present`` on the host
    rows: Routing  # if parts of the model skip samples that cannot count for them


class Batch(_Training):
    """The input of one training step.

    Every configured task is always in ``targets`` and ``present``; if a sample has no label, the target is the
    kind's empty one and ``present`` is False.
    """

    image: Tensor  # (B, 3, H, W) uint8 RGB, clips (B, T, 3, H, W)
    targets: dict[str, Tensor]  # task -> (B, ...) in the kind's tensor form
    present: dict[str, Tensor]  # task -> (B,) bool
    meta: list[SampleMeta]
    teacher: dict[str, dict[str, Tensor]]  # teacher -> tap -> (B, ...); empty unless cached


def pack(sample: Sample, kinds: Mapping[str, TargetKind]) -> dict[str, Any]:
    """One sample as tensors, every task of ``kinds`` present or empty."""
    image = torch.from_numpy(np.moveaxis(sample['image'], -1, -3).copy(order='C'))
    size = (image.shape[-2], image.shape[-1])
    targets, present = {}, {}
    for task, kind in kinds.items():
        label = sample['targets'].get(task)
        present[task] = label is not None
        targets[task] = kind.to_tensor(kind.empty(size) if label is None else label)
    return {'image': image, 'targets': targets, 'present': present, 'meta': sample['meta'],
            'teacher': sample.get('teacher', {})}


def as_picture(image: Tensor) -> Tensor:
    """A sample's image (3, H, W) as it is; a clip (T, 3, H, W) as one image, its frames side by side (3, H, T W)."""
    return image if image.ndim == 3 else torch.cat(list(image), -1)


def collate(samples: Sequence[Mapping[str, Any]] | Batch) -> Batch:
    """Stack packed samples into a :class:`Batch`; a batch that is already collated by a data set is returned unchanged.

    Raises:
        ValueError: the samples differ in size, which a batch cannot hold.
    """
    if isinstance(samples, Mapping):
        return samples  # type: ignore[return-value]
    _check_sizes([s['image'].shape for s in samples], [s['targets'] for s in samples], 0, samples[0]['meta'])
    tasks = samples[0]['targets']
    cached = samples[0].get('teacher', {})
    return {
        'image': torch.stack([s['image'] for s in samples]),
        'targets': {t: torch.stack([s['targets'][t] for s in samples]) for t in tasks},
        'present': {t: torch.tensor([bool(s['present'][t]) for s in samples]) for t in tasks},
        'meta': [s['meta'] for s in samples],
        'teacher': {name: {tap: torch.stack([torch.as_tensor(s['teacher'][name][tap]) for s in samples])
                           for tap in taps} for name, taps in cached.items()},
    }


def interleave(parts: Sequence[Batch], places: Sequence[Sequence[int]]) -> Batch:
    """Concatenate several batches.

    Args:
        parts: batches of the same tasks and stored taps.
        places: for each part, the positions of its samples; together 0 … B - 1.

    Raises:
        ValueError: the parts differ in size, which a batch cannot hold.
    """
    _check_sizes([p['image'].shape[1:] for p in parts], [p['targets'] for p in parts], 1, parts[0]['meta'][0])
    order = torch.argsort(torch.tensor([place for of in places for place in of]))
    metas = [meta for part in parts for meta in part['meta']]
    first = parts[0]

    def mixed(tensors: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(tensors)).index_select(0, order)

    return {
        'image': mixed([p['image'] for p in parts]),
        'targets': {t: mixed([p['targets'][t] for p in parts]) for t in first['targets']},
        'present': {t: mixed([p['present'][t] for p in parts]) for t in first['present']},
        'meta': [metas[place] for place in order.tolist()],
        'teacher': {name: {tap: mixed([p['teacher'][name][tap] for p in parts]) for tap in taps}
                    for name, taps in first['teacher'].items()},
    }


def _check_sizes(pictures: Sequence[Any], targets: Sequence[Mapping[str, Tensor]], skip: int,
                 meta: Mapping[str, Any]) -> None:
    """Check that images, and labels after their first ``skip`` axes, are of one size."""
    sizes = {tuple(shape) for shape in pictures}
    if len(sizes) > 1:
        raise ValueError(f'the images of one batch differ in size ({sorted(sizes)}; data set {meta.get("dataset")}): '
                         f'crop, pad or resize them to one size, or set batch_size=1.')
    for task in targets[0]:
        shapes = {tuple(labels[task].shape[skip:]) for labels in targets}
        if len(shapes) > 1:
            raise ValueError(f"the '{task}' labels of one batch differ in size ({sorted(shapes)}): labels that keep their "
                             f'own size need batch_size=1, or images of one size.')
