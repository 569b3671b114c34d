"""Image files with one class each, read on demand, for data sets that do not fit into memory."""

from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from mtkd.structures import Sample

from ..base import BadData, Entry, TaskDataset
from .array import stratified


class LabelledFiles(TaskDataset):
    """One image file and class per sample; adapters implement :meth:`listed`.

    Images keep their size: add a ``Resize`` to the pipeline.

    Args:
        args: see :class:`TaskDataset`.
        task: name of the task whose label is the class.
        kwargs: see :class:`TaskDataset`.
    """

    COUNT: int  # number of classes

    def __init__(self, *args: Any, task: str = 'label', **kwargs: Any) -> None:
        self.OFFERS = {task: 'class_label'}
        self.NUM_CLASSES = {task: self.COUNT}
        super().__init__(*args, **kwargs)
        self.task = task

    @abstractmethod
    def listed(self) -> list[tuple[Path, int]]:
        """The split's images below ``data_root`` and their classes, from 0."""

    def load_data_list(self) -> list[Entry]:
        """One entry per image, named by its path without the suffix."""
        return [{'sample_id': path.relative_to(self.data_root).with_suffix('').as_posix(), 'files': {'image': path},
                 'class': number} for path, number in self.listed()]

    def known_labels(self) -> dict[str, np.ndarray]:
        """See :class:`TaskDataset`."""
        classes = np.array([entry['class'] for entry in self.entries], np.int64)
        return {self.task: self.class_maps[self.task].translate_all(classes) if self.task in self.class_maps else classes}

    def read(self, entry: Entry) -> Sample:
        """Decode one image."""
        return Sample(image=self.read_image(entry['files']['image']), targets={self.task: entry['class']}, meta={})


def class_folders(top: Path) -> list[Path]:
    """The subfolders of a folder, sorted by name; their order defines the class indices.

    Raises:
        BadData: the folder does not exist or contains no folders.
    """
    folders = sorted(path for path in top.iterdir() if path.is_dir()) if top.is_dir() else []
    if not folders:
        raise BadData(f'{top} holds no folders, there must be one per class: check data_root.')
    return folders


def held_out(pictures: list[tuple[Path, int]], split: str, seed: int, of: str, share: float = 0.2) -> list[tuple[Path, int]]:
    """One side of a division class by class: ``'val'`` is the held-out fraction, ``'train'`` the rest."""
    try:
        held = stratified(np.array([number for _, number in pictures]), share, seed, of)
    except ValueError as error:
        raise BadData(str(error)) from error
    return [picture for picture, out in zip(pictures, held.tolist(), strict=True) if out == (split == 'val')]
