"""Images sorted into one folder per class."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mtkd.registry import DATASETS
from mtkd.structures import Size

from ..base import BadData
from ..picture_files import left_out, pictures_in
from .array import ArrayDataset, Arrays, as_size, read_all, stratified
from .attributes import fitted


@DATASETS.register_module()
class FolderImages(ArrayDataset):
    """``<split>/<class>/<image>`` below ``data_root``, kept in memory at one size.

    Classes are numbered in the order of the folders' names in ``classes_from``, so that a class without images in
    another split does not shift the other numbers.

    Args:
        args: see :class:`ArrayDataset`; any folder below ``data_root`` is a split.
        task: name of the task whose label is the folder.
        size: (height, width), or the side of a square, to which images are resized: by area if they shrink, bilinearly if
            they grow.
        classes_from: the split whose folders are the classes.
        val: number or fraction of the images of ``train`` that are held out, class by class, as the split ``val``;
            ``train`` is then the rest. None: both splits are folders.
        split_seed: seed of that division.
        kwargs: see :class:`ArrayDataset`.

    Raises:
        BadData (on use): a folder is missing, the number of classes is not the task's, a split has a class that
            ``classes_from`` does not have, or an image cannot be read.
    """

    def __init__(self, *args: Any, task: str = 'label', size: int | Size = 32, classes_from: str = 'train',
                 val: int | float | None = None, split_seed: int = 0, **kwargs: Any) -> None:
        self.OFFERS = {task: 'class_label'}
        self.SPLITS = (args[2] if len(args) > 2 else kwargs.get('split', 'train'),)
        super().__init__(*args, **kwargs)
        self.task, self.classes_from, self.val, self.split_seed = task, classes_from, val, split_seed
        self.size = as_size(size, type(self).__name__)

    @property
    def folder(self) -> Path:
        """The parent folder of the splits."""
        return self.data_root

    def listed(self) -> tuple[list[Path], list[int], list[str]]:
        """The split's images, their class numbers, and the names of all classes."""
        names = [path.name for path in _folders(self.folder / self.classes_from)]
        numbers = {name: number for number, name in enumerate(names)}
        paths, labels, others = [], [], Counter[str]()
        divided = self.val is not None and self.split in ('train', 'val')
        for folder in _folders(self.folder / ('train' if divided else self.split)):
            if folder.name not in numbers:
                raise BadData(f"{folder} is no class: {self.folder / self.classes_from} has no folder '{folder.name}'; "
                              f'rename it, or complete the other.')
            pictures, strange = pictures_in(folder)
            others += strange
            paths += pictures
            labels += [numbers[folder.name]] * len(pictures)
        if others:
            print_log(f"{self.name} '{self.split}' in {self.folder / self.split}: {left_out(others)}.", 'current',
                      logging.WARNING)
        if divided:
            try:
                held = stratified(np.array(labels), self.val or 0, self.split_seed, f'{self.name} (val={self.val})')
            except ValueError as error:
                raise BadData(str(error)) from error
            side = held if self.split == 'val' else ~held
            paths, labels = [path for path, is_in in zip(paths, side, strict=True) if is_in], np.array(labels)[side].tolist()
        return paths, labels, names

    def load_arrays(self) -> Arrays:
        """All images of the split, class by class."""
        paths, labels, names = self.listed()
        classes = self.stored_classes(self.task)
        if classes is not None and len(names) != classes:
            raise BadData(f"{self.name} in {self.folder} has {len(names)} classes, the task '{self.task}' has {classes}: "
                          f'complete the data set, or correct num_classes.')
        self.CLASSES = {self.task: tuple(names)}
        images = read_all(paths, self._picture, self.size, f"{self.name} '{self.split}'")
        return images, {self.task: np.array(labels, np.int64)}, self._ids(paths)

    def _ids(self, paths: Sequence[Path]) -> list[str]:
        return [path.relative_to(self.data_root).with_suffix('').as_posix() for path in paths]

    def _picture(self, path: Path) -> np.ndarray:
        return fitted(self.read_image(path), self.size)


def _folders(top: Path) -> list[Path]:
    """The folders in a folder, sorted by name.

    Raises:
        BadData: the folder does not exist or contains no folders.
    """
    if not top.is_dir():
        raise BadData(f'{top} is missing: data_root must be the folder that holds it.')
    folders = sorted(path for path in top.iterdir() if path.is_dir())
    if not folders:
        raise BadData(f'{top} holds no folders, there must be one per class: check data_root.')
    return folders
