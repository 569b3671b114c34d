"""Omniglot: 1,623 handwritten characters, each drawn once by 20 people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mtkd.registry import DATASETS
from mtkd.structures import Size

from ..base import BadData
from .array import ArrayDataset, Arrays, as_size, read_all

FOLDERS = ('images_background', 'images_evaluation')
DRAWERS = {'train': range(1, 13), 'val': range(13, 17), 'test': range(17, 21)}
NUM_DRAWERS = 20


@DATASETS.register_module()
class Omniglot(ArrayDataset):
    """The unpacked official zips: ``<folder>/<Alphabet>/character<NN>/<id>_<drawer>.png`` below ``data_root``.

    A class is a character; classes are numbered in the order of (alphabet, character) over both folders, 1,623 in all.
    A split is a list of drawers, so each split contains every character. The 105x105 one-bit images are downsampled by
    averaging to ``size`` and inverted, so that strokes are bright on black; red, green and blue are equal.

    Args:
        args: see :class:`ArrayDataset`; ``split`` is a name in ``drawers``.
        task: name of the task whose label is the character.
        drawers: split -> numbers of the drawers, 1 to 20. The default is 12 / 4 / 4, which has the paper's counts
            (19,476 / 6,492 / 6,492); the drawings used in the paper are not known.
        size: (height, width), or the side of a square.
        invert: whether strokes become white on black; False: black on white, as stored.
        folders: which zips to read; with only one of them, the class numbers differ.
        kwargs: see :class:`ArrayDataset`.

    Raises:
        ValueError: a drawer is in two splits, twice in one, or not a number from 1 to 20.
        BadData (on use): a folder is missing, a character lacks a drawer of the split, the number of characters is not
            the task's number of classes, or an image cannot be read.

    Source: Lake et al. 2015; fact sheet 2.5.
    """

    def __init__(self, *args: Any, task: str = 'omniglot', drawers: Mapping[str, Sequence[int]] | None = None,
                 size: int | Size = 32, invert: bool = True, folders: Sequence[str] = FOLDERS, **kwargs: Any) -> None:
        self.OFFERS = {task: 'class_label'}
        self.drawers = checked_drawers(DRAWERS if drawers is None else drawers)
        self.SPLITS = tuple(self.drawers)
        super().__init__(*args, **kwargs)
        self.task, self.invert, self.folders = task, invert, tuple(folders)
        self.size = as_size(size, 'Omniglot')

    def load_arrays(self) -> Arrays:
        """The split's drawers of all characters, character by character."""
        characters = self._characters()
        classes = self.stored_classes(self.task)
        if classes is not None and len(characters) != classes:
            raise BadData(f"{self.data_root} holds {len(characters)} characters ({', '.join(self.folders)}), the task "
                          f"'{self.task}' has {classes} classes: complete the data set, or correct num_classes.")
        self.CLASSES = {self.task: tuple(characters)}
        paths = [path for name, folder in characters.items() for path in self._drawings(name, folder)]
        images = read_all(paths, self._picture, self.size, f"{self.name} '{self.split}'")
        labels: np.ndarray = np.repeat(np.arange(len(characters)), len(self.drawers[self.split]))
        return images, {self.task: labels}, [path.stem for path in paths]

    def _characters(self) -> dict[str, Path]:
        """'Alphabet/characterNN' -> its folder, in the order of the names."""
        found: dict[str, Path] = {}
        for folder in self.folders:
            top = self.data_root / folder
            if not top.is_dir():
                raise BadData(f'{top} is missing: data_root must be the folder that holds {" and ".join(self.folders)}.')
            for alphabet in sorted(path for path in top.iterdir() if path.is_dir()):
                for character in sorted(path for path in alphabet.iterdir() if path.is_dir()):
                    name = f'{alphabet.name}/{character.name}'
                    if name in found:
                        raise BadData(f'{character} and {found[name]} are the same character: remove one.')
                    found[name] = character
        return dict(sorted(found.items()))

    def _drawings(self, name: str, folder: Path) -> list[Path]:
        """The images of one character by the split's drawers."""
        there = {path.stem.rpartition('_')[2]: path for path in folder.iterdir() if path.suffix == '.png'}
        absent = [drawer for drawer in self.drawers[self.split] if f'{drawer:02d}' not in there]
        if absent:
            raise BadData(f"Omniglot(drawers=…) asks for drawer {absent[0]} in '{self.split}', of whom {folder} has "
                          f'no image (it has {", ".join(sorted(there)) or "none"}): change drawers, or complete the set.')
        return [there[f'{drawer:02d}'] for drawer in self.drawers[self.split]]

    def _picture(self, path: Path) -> np.ndarray:
        """(height, width) uint8, averaged down."""
        with path.open('rb', buffering=0) as file:
            stored = np.frombuffer(file.read(), np.uint8)
        drawing = cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE) if stored.size else None
        if drawing is None:
            raise BadData(f'{path} is not a readable image: replace the file.')
        fitted = cv2.resize(drawing, self.size[::-1], interpolation=cv2.INTER_AREA)
        return 255 - fitted if self.invert else fitted


def checked_drawers(drawers: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Split -> drawers.

    Raises:
        ValueError: see :class:`Omniglot`.
    """
    owner: dict[int, str] = {}
    for split, numbers in drawers.items():
        for drawer in numbers:
            if not 1 <= drawer <= NUM_DRAWERS:
                raise ValueError(f"Omniglot(drawers=…): there is no drawer {drawer} ('{split}'): use 1 to {NUM_DRAWERS}.")
            if drawer in owner:
                raise ValueError(f"Omniglot(drawers=…): drawer {drawer} is in '{owner[drawer]}' and again in '{split}': a "
                                 f'drawer belongs to one split.')
            owner[drawer] = split
        if not numbers:
            raise ValueError(f"Omniglot(drawers=…): the split '{split}' has no drawer: give it some, or leave it out.")
    return {split: tuple(int(drawer) for drawer in numbers) for split, numbers in drawers.items()}
