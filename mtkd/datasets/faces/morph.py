"""MORPH-II: age and gender in the file names, race in its csv."""

import re
from pathlib import Path
from typing import Any

from mtkd.registry import DATASETS

from ..base import BadData, Entry
from ..files import read_list
from ..images.attributes import AttributeDataset
from ..tables import read_table
from .classes import AGE_LIMITS, GENDERS, RACES
from .holdout import SPLITS, held_out
from .utkface import pictures_below

NAME = re.compile(r'(?P<person>\d+)_(?P<number>\d+)(?P<gender>[MF])(?P<age>\d+)', re.IGNORECASE)


@DATASETS.register_module()
class MORPH2(AttributeDataset):
    """Images named ``ID_PICSEXAGE.JPG`` (009055_1M54.JPG), or the csv of the release with their race.

    Without ``table``, all images below ``data_root`` are listed, and race is missing. With it, the rows of the csv are
    listed, with the columns named in ``columns``. Gender: M 0, F 1. Race: W White, B Black, A Asian, H and O Other; I is
    missing, because the release does not define it.

    There is no official split: ``train`` and ``val`` are ours, without common persons (the ID in the name); ``all`` is
    everything. For the other usual protocol, a subset of white people, give its list as ``subset``.

    Args:
        args: see :class:`AttributeDataset`.
        table: name of a csv below ``data_root``; None: use only the file names.
        columns: field -> column of the csv; ``path`` is the path of the image below ``data_root``.
        subset: name of a text file below ``data_root`` with the names (without folders) of the images to use, one per line.
        val_share: share of the persons in ``val``.
        split_seed: seed of the division.
        kwargs: see :class:`AttributeDataset`.

    Raises (on use):
        BadData: there are no images, a name does not match the pattern, or the table or one of its columns is missing.

    Source: fact sheet 2.8.
    """

    OFFERS = {'age': 'scalar', 'gender': 'class_label', 'race': 'class_label'}
    LABEL_MAPS = {'gender': {'M': 0, 'F': 1, 'm': 0, 'f': 1, 'Male': 0, 'Female': 1},
                  'race': {'W': 0, 'B': 1, 'A': 2, 'H': 4, 'O': 4, 'I': None}}
    LIMITS = {'age': AGE_LIMITS}
    CLASSES = {'gender': GENDERS, 'race': RACES}
    SPLITS = SPLITS

    def __init__(self, *args: Any, table: str | None = None, columns: dict[str, str] | None = None,
                 subset: str | None = None, val_share: float = 0.2, split_seed: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table, self.subset = table, subset
        self.columns = {'path': 'photo', 'age': 'age', 'gender': 'gender', 'race': 'race', **(columns or {})}
        self.val_share, self.split_seed = val_share, split_seed

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        rows = self._from_names() if self.table is None else self._from_table(self.data_root / self.table)
        if self.subset is not None:
            wanted = set(read_list(self.data_root / self.subset))
            rows = [row for row in rows if Path(row['sample_id']).name in wanted]
        people = [self._match(Path(row['sample_id']))['person'] for row in rows]
        return [rows[i] for i in held_out(people, self.split, self.val_share, self.split_seed)]

    def _match(self, path: Path) -> re.Match:
        match = NAME.fullmatch(path.stem)
        if match is None:
            raise BadData(f"the image {path} in {self.data_root} is not named as MORPH's are (009055_1M54.JPG): rename "
                          f'it, or move it elsewhere.')
        return match

    def _from_names(self) -> list[Entry]:
        rows = []
        for path in pictures_below(self.data_root):
            match = self._match(path.relative_to(self.data_root))
            rows.append({'sample_id': path.relative_to(self.data_root).as_posix(), 'files': {'image': path},
                         'values': {'age': match['age'], 'gender': match['gender'].upper()}})
        return rows

    def _from_table(self, path: Path) -> list[Entry]:
        table = read_table(path, list(self.columns.values()))
        rows = []
        keys = ('path', 'age', 'gender', 'race')
        for name, age, gender, race in zip(*(table[self.columns[key]] for key in keys), strict=True):
            rows.append({'sample_id': name, 'files': {'image': self.data_root / name},
                         'values': {'age': age, 'gender': gender, 'race': race}})
        return rows
