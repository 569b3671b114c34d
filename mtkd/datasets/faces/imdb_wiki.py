"""IMDB-WIKI: age from dates of birth, and gender, of celebrities."""

from datetime import date
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mtkd.registry import DATASETS

from ..base import BadData, Entry
from ..files import read_mat
from ..images.attributes import AttributeDataset
from .classes import GENDERS
from .holdout import SPLITS, held_out

MATLAB_DAY_0 = 366  # Matlab counts days from the year 0, Python from the year 1
UNIX_DAY_0 = date(1970, 1, 1).toordinal()
FIELDS = ('dob', 'photo_taken', 'full_path', 'gender', 'face_score', 'second_face_score')


@DATASETS.register_module()
class IMDBWIKI(AttributeDataset):
    """The face crops of IMDB-WIKI: ``<source>.mat``, and below ``images`` the images listed in its ``full_path``.

    The age is the time from the date of birth to the middle of the year the photograph was taken, in whole years.
    Gender: 0 male, 1 female (the file's 1 and 0), NaN is missing. Images whose age is not within ``ages``, whose face score
    is not above ``min_score``, or that have a second face, are left out, and their number is logged. There is no official
    split: ``train`` and ``val`` are ours, without common names; ``all`` is everything.

    Args:
        args: see :class:`AttributeDataset`.
        source: ``'imdb'`` or ``'wiki'``.
        images: folder of the images below ``data_root``; None: ``<source>_crop``.
        min_score: the face score that an image must exceed.
        ages: (first, last) age in years.
        val_share: share of the names in ``val``.
        split_seed: seed of the division.
        kwargs: see :class:`AttributeDataset`.

    Raises:
        ValueError: the source does not exist.
        BadData (on use): the .mat file is missing, unreadable, or lacks a field.

    Source: fact sheet 2.8 (from knowledge of the format, not from a copy of the data set).
    """

    OFFERS = {'age': 'scalar', 'gender': 'class_label'}
    LABEL_MAPS = {'gender': {1: 0, 0: 1}}
    CLASSES = {'gender': GENDERS}
    SPLITS = SPLITS

    def __init__(self, *args: Any, source: str = 'imdb', images: str | None = None, min_score: float = 1.0,
                 ages: tuple[int, int] = (0, 100), val_share: float = 0.2, split_seed: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source not in ('imdb', 'wiki'):
            raise ValueError(f"IMDBWIKI has no source '{source}': use imdb or wiki.")
        self.source, self.images = source, images or f'{source}_crop'
        self.min_score, self.ages = min_score, ages
        self.val_share, self.split_seed = val_share, split_seed

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        facts = self._facts()
        age = ages_of(facts['dob'], facts['photo_taken'])
        usable = ((age >= self.ages[0]) & (age <= self.ages[1]) & np.isnan(facts['second_face_score'])
                  & (facts['face_score'] > self.min_score))
        kept = np.flatnonzero(usable)
        print_log(f"{self.name} ({self.source}): {len(age) - len(kept)} of {len(age)} images are left out (age, face "
                  f'score or a second face).', 'current')
        people = [str(facts['name'][i]) for i in kept]
        records = []
        for place in held_out(people, self.split, self.val_share, self.split_seed):
            i = kept[place]
            name = str(facts['full_path'][i])
            records.append({'sample_id': name, 'files': {'image': self.data_root / self.images / name},
                            'values': {'age': int(age[i]), 'gender': facts['gender'][i]}})
        return records

    def _facts(self) -> dict[str, np.ndarray]:
        """The fields of the .mat file's struct, each (N,)."""
        path = self.data_root / f'{self.source}.mat'
        if not path.is_file():
            raise BadData(f'{path} is missing: data_root must be the folder that holds it and {self.images}/.')
        struct = read_mat(path, self.source)
        missing = [field for field in FIELDS if not isinstance(struct, dict) or field not in struct]
        if missing:
            raise BadData(f"{path} lacks the field '{missing[0]}': download it again.")
        facts = {field: np.atleast_1d(struct[field]) for field in FIELDS}
        for field in ('gender', 'face_score', 'second_face_score'):
            facts[field] = facts[field].astype(np.float64)
        facts['name'] = np.atleast_1d(struct.get('name', facts['full_path']))
        return facts


def ages_of(born: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """(N,) whole years from Matlab's day of birth to the first of July of the year; NaN for invalid days."""
    known = np.asarray(born, np.float64) > MATLAB_DAY_0
    days = np.where(known, born, MATLAB_DAY_0 + UNIX_DAY_0).astype(np.int64) - MATLAB_DAY_0 - UNIX_DAY_0
    birthday = days.astype('datetime64[D]')
    year = birthday.astype('datetime64[Y]').astype(int) + 1970
    month = birthday.astype('datetime64[M]').astype(int) % 12 + 1
    return np.where(known, np.asarray(taken, np.float64) - year - (month >= 7), np.nan)
