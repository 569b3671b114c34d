"""UTD-MHAD: depth clips of 27 actions, in the form written by ``unpack.py``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from mtkd.registry import DATASETS

from ..base import BadData, Entry
from .clips import ClipDataset
from .video_files import Choose

FILE = 'utd_mhad.npz'
ACTIONS = 27
SUBJECTS = {'train': (1, 3, 5, 7), 'test': (2, 4, 6)}
NEAR, FAR = 90, 190  # in the file's steps of 1 cm from 1.5 m on: nearly every body lies between 2.4 m and 3.4 m
DARKEST = 64  # grey value at FAR and beyond; 0 is the background


@DATASETS.register_module()
class UTDMHAD(ClipDataset):
    """``utd_mhad.npz`` (16 depth images of 56x56 per clip, only the body) and ``actions.csv``, all kept in memory.

    A depth is converted to a grey value, the same in all three channels: 255 at 2.4 m and nearer, 64 at 3.4 m and farther,
    linear in between; 0 outside the body. Do not mirror the clips: that would exchange actions of the left and right hand.

    Args:
        args: see :class:`ClipDataset`.
        task: name of the task whose label is the action.
        subjects: the subjects, from 1 to 7; None: 1, 3, 5 and 7 in the split ``train``, 2, 4 and 6 in ``test``.
        actions: the actions to use, as numbers in ``actions.csv``; they are renumbered from 0. None: all 27.
        kwargs: see :class:`ClipDataset`; splits are ``train`` and ``test``.

    Raises:
        ValueError: a subject or action does not exist, or is given twice.
        BadData (on use): a file is missing or has other contents.

    Source: Chen et al. 2015; fact sheet 2.7. The division by subjects is the one the data's notes suggest.
    """

    SPLITS = tuple(SUBJECTS)
    LICENCE = ('UTD-MHAD has no formal licence; its authors call it freely available for research (cite Chen et al., ICIP '
               '2015).')
    size = (56, 56)

    def __init__(self, *args: Any, task: str = 'action', subjects: Sequence[int] | None = None,
                 actions: Sequence[int] | None = None, **kwargs: Any) -> None:
        self.actions = _distinct(actions, range(ACTIONS), 'actions')
        self.OFFERS = {task: 'class_label'}
        self.NUM_CLASSES = {task: len(self.actions)}
        super().__init__(*args, **kwargs)
        self.task = task
        self.subjects = _distinct(SUBJECTS[self.split] if subjects is None else subjects, range(1, 8), 'subjects')
        self._clips: np.ndarray = np.empty((0, 16, 56, 56), np.uint8)

    def load_data_list(self) -> list[Entry]:
        """The clips of the subjects and actions, in the file's order, named as in the original release."""
        clips, action, subject, trial = self._arrays()
        names = self._names()
        self.CLASSES = {self.task: tuple(names[number] for number in self.actions)}
        kept = np.flatnonzero(np.isin(subject, self.subjects) & np.isin(action, self.actions))
        self._clips = clips[kept]
        numbers = {number: place for place, number in enumerate(self.actions)}
        return [{'sample_id': f'a{action[row] + 1}_s{subject[row]}_t{trial[row]}', 'row': place,
                 'class': numbers[int(action[row])]} for place, row in enumerate(kept.tolist())]

    def read_frames(self, entry: Entry, choose: Choose) -> np.ndarray:
        """(T, 56, 56, 3) grey images of a clip."""
        clip = self._clips[entry['row']]
        return np.repeat(grey(clip[np.asarray(choose(len(clip)))])[..., None], 3, axis=-1)

    def _arrays(self) -> list[np.ndarray]:
        path = self._path(FILE)
        try:
            with np.load(path, allow_pickle=False) as file:
                clips, *numbers = (file[key] for key in ('depth_clips', 'action', 'subject', 'trial'))
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise BadData(f'{path} is not what unpack.py writes ({error}): unpack it again.') from error
        if clips.ndim != 4 or clips.dtype != np.uint8 or any(part.shape != clips.shape[:1] for part in numbers):
            shapes = ', '.join(str(part.shape) for part in (clips, *numbers))
            raise BadData(f'{path}: clips are (N, frames, H, W) uint8 with an action, subject and trial each, these are '
                          f'{shapes}: unpack it again.')
        return [clips, *(part.astype(int) for part in numbers)]

    def _names(self) -> list[str]:
        path = self._path('actions.csv')
        names = [line.split(',', 1)[1].strip() for line in path.read_text().splitlines()[1:] if ',' in line]
        if len(names) != ACTIONS:
            raise BadData(f'{path} names {len(names)} actions, there are {ACTIONS}: unpack it again.')
        return names

    def _path(self, name: str) -> Path:
        path = self.data_root / name
        if not path.is_file():
            raise BadData(f'{path} is missing: data_root must be the folder that holds it.')
        return path


def grey(depth: np.ndarray) -> np.ndarray:
    """The file's depths as uint8 grey values; 0 stays 0."""
    far = np.clip((depth.astype(np.float32) - NEAR) / (FAR - NEAR), 0, 1)
    return np.where(depth == 0, 0, 255 - far * (255 - DARKEST)).round().astype(np.uint8)


def _distinct(given: Sequence[int] | None, known: range, what: str) -> tuple[int, ...]:
    """Check that the given numbers are known and distinct; None: all."""
    numbers = tuple(known) if given is None else tuple(int(number) for number in given)
    if not numbers or len(set(numbers)) < len(numbers) or not set(numbers) <= set(known):
        raise ValueError(f'UTDMHAD: {what}={list(numbers)}; give distinct whole numbers from {known[0]} to {known[-1]}.')
    return numbers
