"""UTKFace: age, gender and race in the file names."""

from pathlib import Path
from typing import Any

from mtkd.registry import DATASETS

from ..base import BadData, Entry
from ..images.attributes import AttributeDataset
from ..picture_files import is_picture
from .classes import AGE_LIMITS, GENDERS, RACES
from .holdout import SPLITS, held_out


@DATASETS.register_module()
class UTKFace(AttributeDataset):
    """Images named ``[age]_[gender]_[race]_[time].jpg`` (or ``.jpg.chip.jpg``) anywhere below ``data_root``.

    Gender: 0 male, 1 female. Race: 0 White, 1 Black, 2 Asian, 3 Indian, 4 Other; three names have no race, so it is missing.
    There is no official split: ``train`` and ``val`` are ours, divided by image (the data set does not identify persons);
    ``all`` is everything.

    Args:
        args: see :class:`AttributeDataset`.
        val_share: share of the images in ``val``.
        split_seed: seed of the division.
        kwargs: see :class:`AttributeDataset`.

    Raises (on use):
        BadData: there are no images.

    Source: fact sheet 2.8.
    """

    OFFERS = {'age': 'scalar', 'gender': 'class_label', 'race': 'class_label'}
    LABEL_MAPS = {'gender': {0: 0, 1: 1}, 'race': {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}}
    LIMITS = {'age': AGE_LIMITS}
    CLASSES = {'gender': GENDERS, 'race': RACES}
    SPLITS = SPLITS

    def __init__(self, *args: Any, val_share: float = 0.2, split_seed: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.val_share, self.split_seed = val_share, split_seed

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        pictures = pictures_below(self.data_root)
        names = [path.relative_to(self.data_root).as_posix() for path in pictures]
        return [{'sample_id': names[i], 'files': {'image': pictures[i]}, 'values': attributes_of(pictures[i].name)}
                for i in held_out(names, self.split, self.val_share, self.split_seed)]


def attributes_of(name: str) -> dict[str, str]:
    """Age, gender and race from a file name; empty if they are not in it."""
    fields = name.split('.')[0].split('_')[:-1]  # the last field is the time
    fields += [''] * (3 - len(fields))
    return dict(zip(('age', 'gender', 'race'), fields[:3], strict=True))


def pictures_below(folder: Path) -> list[Path]:
    """The jpg and png files below ``folder``, sorted.

    Raises:
        BadData: there are none.
    """
    found = sorted(path for path in folder.rglob('*') if is_picture(path))
    if not found:
        raise BadData(f'{folder} holds no images: data_root must be the folder that they lie below.')
    return found
