"""Adience: age groups and gender in five folds."""

from typing import Any

from mtkd.registry import DATASETS

from ..base import Entry
from ..images.attributes import AttributeDataset
from ..tables import read_table
from .classes import GENDERS

FOLDS = 5
GROUPS = ((0, 2), (4, 6), (8, 12), (15, 20), (25, 32), (38, 43), (48, 53), (60, 100))
PREFIX = {'aligned': 'landmark_aligned_face', 'faces': 'coarse_tilt_aligned_face'}


@DATASETS.register_module()
class Adience(AttributeDataset):
    """``fold_{0..4}_data.txt`` (tab-separated) and the images of ``aligned/`` or ``faces/``, all below ``data_root``.

    Cross-validation over the five folds, which share no person: ``val`` is the fold ``fold``, ``train`` the other four.
    Age is one of eight groups; other values (single ages, other ranges) belong to the group that contains them, or are
    missing if none does. Gender: 0 male (m), 1 female (f), u is missing. Exact and one-off accuracy:
    ``Classification(num_classes=8, metric='AgeGroupAccuracy')``.

    Args:
        args: see :class:`AttributeDataset`.
        fold: number of the held-out fold, 0 to 4.
        variant: ``'aligned'`` (landmark-aligned faces) or ``'faces'`` (only cropped).
        kwargs: see :class:`AttributeDataset`.

    Raises:
        ValueError: the fold or variant does not exist.
        BadData (on use): a fold file, or one of its columns, is missing.

    Source: fact sheet 2.8, 3.6.
    """

    OFFERS = {'age': 'class_label', 'gender': 'class_label'}
    LABEL_MAPS = {'age': GROUPS, 'gender': {'m': 0, 'f': 1, 'u': None}}
    CLASSES = {'age': tuple(f'{low}-{high}' for low, high in GROUPS), 'gender': GENDERS}

    def __init__(self, *args: Any, fold: int = 0, variant: str = 'aligned', **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fold not in range(FOLDS):
            raise ValueError(f'Adience has no fold {fold!r}: use 0 to {FOLDS - 1}.')
        if variant not in PREFIX:
            raise ValueError(f"Adience has no variant '{variant}': use {' or '.join(PREFIX)}.")
        self.fold, self.variant = fold, variant

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        folds = [self.fold] if self.split == 'val' else [k for k in range(FOLDS) if k != self.fold]
        return [record for k in folds for record in self._fold(k)]

    def _fold(self, k: int) -> list[Entry]:
        needed = ('user_id', 'original_image', 'face_id', 'age', 'gender')
        table = read_table(self.data_root / f'fold_{k}_data.txt', needed)
        records = []
        for user, original, face, age, gender in zip(*(table[key] for key in needed), strict=True):
            name = f'{user}/{PREFIX[self.variant]}.{face}.{original}'
            records.append({'sample_id': name, 'files': {'image': self.data_root / self.variant / name},
                            'values': {'age': age, 'gender': gender}})
        return records
