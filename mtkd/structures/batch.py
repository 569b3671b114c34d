"""The batch: what a data set's samples become, and what every network, task and distiller reads."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import torch
from torch import Tensor

from .kinds import Size, TargetKind


class SampleMeta(TypedDict, total=False):
    """Where a sample comes from and what was done to it (for caches, metrics and pictures)."""

    dataset: str
    sample_id: str
    index: int
    original_size: Size  # (height, width) as read
    crop: tuple[int, int, int, int] | None  # (top, left, height, width) of picture inside the tensor; None: all of it
    flip: bool
    view: int


class Sample(TypedDict):
    """One sample in the data pipeline, NumPy throughout."""

    image: Any  # (H, W, 3) uint8 RGB
    targets: dict[str, Any]  # task -> label in its kind's NumPy form, or None where the sample has no such label
    meta: SampleMeta


class Batch(TypedDict):
    """What one step works on.

    Every configured task is in ``targets`` and ``present`` always; where a sample has no label, the target is the
    kind's empty one and ``present`` is False.
    """

    image: Tensor  # (B, 3, H, W) uint8 RGB; float32 normalised after the preprocessor
    targets: dict[str, Tensor]  # task -> (B, ...) in the kind's tensor form
    present: dict[str, Tensor]  # task -> (B,) bool
    meta: list[SampleMeta]
    teacher: dict[str, dict[str, Tensor]]  # teacher -> tap -> (B, ...); empty unless cached


def pack(sample: Sample, kinds: Mapping[str, TargetKind]) -> dict[str, Any]:
    """One sample as tensors, every task of ``kinds`` present or empty."""
    image = torch.from_numpy(sample['image'].transpose(2, 0, 1).copy())
    size = (image.shape[1], image.shape[2])
    targets, present = {}, {}
    for task, kind in kinds.items():
        label = sample['targets'].get(task)
        present[task] = label is not None
        targets[task] = kind.to_tensor(kind.empty(size) if label is None else label)
    return {'image': image, 'targets': targets, 'present': present, 'meta': sample['meta'],
            'teacher': sample.get('teacher', {})}


def collate(samples: Sequence[Mapping[str, Any]]) -> Batch:
    """Stack packed samples into a :class:`Batch`.

    Raises:
        ValueError: the samples differ in size, which a batch cannot hold.
    """
    sizes = {tuple(s['image'].shape) for s in samples}
    if len(sizes) > 1:
        origin = samples[0]['meta'].get('dataset')
        raise ValueError(f'the pictures of one batch differ in size ({sorted(sizes)}; data set {origin}): '
                         f'crop, pad or resize them to one size, or set batch_size=1.')
    tasks = samples[0]['targets']
    for task in tasks:
        shapes = {tuple(s['targets'][task].shape) for s in samples}
        if len(shapes) > 1:
            raise ValueError(f"the '{task}' labels of one batch differ in size ({sorted(shapes)}): labels that keep their "
                             f'own size want batch_size=1, or pictures of one size.')
    cached = samples[0].get('teacher', {})
    return {
        'image': torch.stack([s['image'] for s in samples]),
        'targets': {t: torch.stack([s['targets'][t] for s in samples]) for t in tasks},
        'present': {t: torch.tensor([bool(s['present'][t]) for s in samples]) for t in tasks},
        'meta': [s['meta'] for s in samples],
        'teacher': {name: {tap: torch.stack([torch.as_tensor(s['teacher'][name][tap]) for s in samples])
                           for tap in taps} for name, taps in cached.items()},
    }
