"""Data sets read with torchvision."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torchvision

from mtkd.registry import DATASETS
from mtkd.structures import Size

from ..base import BadData
from .array import ArrayDataset, Arrays, as_size, stratified
from .attributes import fitted

Parts = Mapping[str, Sequence[dict[str, Any]]]  # split -> arguments of torchvision's class, one entry per concatenated part
BY_TRAIN: Parts = {'train': [{'train': True}], 'test': [{'train': False}]}


def _by_split(*names: str) -> Parts:
    return {name: [{'split': name}] for name in names}


OFFICIAL: dict[str, Parts] = {
    'CIFAR10': BY_TRAIN, 'CIFAR100': BY_TRAIN, 'MNIST': BY_TRAIN, 'FashionMNIST': BY_TRAIN, 'KMNIST': BY_TRAIN,
    'EMNIST': BY_TRAIN, 'SVHN': _by_split('train', 'test', 'extra'), 'GTSRB': _by_split('train', 'test'),
    'Flowers102': _by_split('train', 'val', 'test'), 'OxfordIIITPet': _by_split('trainval', 'test'),
    'Omniglot': {'background': [{'background': True}], 'evaluation': [{'background': False}]}}
MLFD: dict[str, Parts] = {
    'CIFAR100': {'train': [{'train': True}], 'val': [{'train': False}]},
    'Flowers102': {'train': [{'split': 'train'}, {'split': 'test'}], 'val': [{'split': 'val'}]}}
HELD_OUT: dict[str, Sequence[dict[str, Any]]] = {  # a fifth of each class is val
    'OxfordIIITPet': [{'split': 'trainval'}, {'split': 'test'}], 'Caltech101': [{}]}
PROTOCOLS = ('official', 'mlfd')


@DATASETS.register_module()
class TorchvisionImages(ArrayDataset):
    """A classification set of torchvision, by torchvision's name, kept in memory at one size.

    Splits have torchvision's names; with ``protocol='mlfd'`` (and for Caltech-101, which has no split) they are ``train``
    and ``val``. torchvision checks the files' checksums and names; for a part of a set use ``FolderImages``, ``IDXImages``
    or ``SVHN``.

    Args:
        args: see :class:`ArrayDataset`.
        source: torchvision's name: one of ``OFFICIAL``, or ``'Caltech101'``.
        task: name of the task whose label is the class.
        size: (height, width), or the side of a square, to which images are resized.
        protocol: ``'official'`` or ``'mlfd'`` (Flowers-102: train and test for training, val for evaluation; Oxford-Pets and
            Caltech-101: a fifth of each class held out).
        split_seed: seed of that division.
        download: let torchvision download the files.
        options: further arguments of torchvision's class, such as ``dict(split='letters')`` for EMNIST.
        first_label: the smallest label, which becomes class 0 (1 for EMNIST's letters).
        kwargs: see :class:`ArrayDataset`.

    Raises:
        ValueError: an unknown set, protocol or split.
        BadData (on use): torchvision does not find the files.

    Source: fact sheet 2.6. torchvision's Caltech-101 has no background class (101 classes; MLFD counts 102).
    """

    def __init__(self, *args: Any, source: str, task: str = 'label', size: int | Size = 32, protocol: str = 'official',
                 split_seed: int = 42, download: bool = False, options: Mapping[str, Any] | None = None,
                 first_label: int = 0, **kwargs: Any) -> None:
        known = {**OFFICIAL, **dict.fromkeys(HELD_OUT)}
        if source not in known or protocol not in PROTOCOLS:
            raise ValueError(f"TorchvisionImages: there is no source='{source}' with protocol='{protocol}'; sets are "
                             f"{', '.join(known)}, protocols {' and '.join(PROTOCOLS)}.")
        self.held_out = source in HELD_OUT and (protocol == 'mlfd' or source not in OFFICIAL)
        self.parts: Parts = dict.fromkeys(('train', 'val'), HELD_OUT[source]) if self.held_out else \
            (MLFD if protocol == 'mlfd' else OFFICIAL).get(source) or OFFICIAL[source]
        self.OFFERS, self.SPLITS = {task: 'class_label'}, tuple(self.parts)
        kwargs.setdefault('name', source)
        super().__init__(*args, **kwargs)
        self.source, self.task, self.split_seed, self.download = source, task, split_seed, download
        self.options, self.first_label = dict(options or {}), first_label
        self.size = as_size(size, type(self).__name__)

    def load_arrays(self) -> Arrays:
        """All images of the split, in torchvision's order."""
        images, labels, ids = [], [], []
        for part in self.parts[self.split]:
            opened = self._open(part)
            mark = '-'.join(str(value) for value in part.values()) or 'all'
            for number in range(len(opened)):
                picture, label = opened[number]
                images.append(fitted(np.asarray(picture.convert('RGB')), self.size))
                labels.append(int(label) - self.first_label)
                ids.append(f'{mark}_{number:06d}')
        kept = self._kept(np.array(labels))
        return np.stack(images)[kept], {self.task: np.array(labels)[kept]}, [ids[number] for number in kept]

    def _open(self, part: Mapping[str, Any]) -> Any:
        """torchvision's data set."""
        try:
            return getattr(torchvision.datasets, self.source)(root=str(self.data_root), download=self.download,
                                                              **{**part, **self.options})
        except (RuntimeError, FileNotFoundError) as error:
            raise BadData(f'torchvision finds no {self.source} in {self.data_root} ({error}): correct data_root, or set '
                          f'download=True.') from error

    def _kept(self, labels: np.ndarray) -> np.ndarray:
        """Which images belong to the split."""
        if not self.held_out:
            return np.arange(len(labels))
        try:
            held = stratified(labels, 0.2, self.split_seed, self.name)
        except ValueError as error:
            raise BadData(str(error)) from error
        return np.flatnonzero(held if self.split == 'val' else ~held)
