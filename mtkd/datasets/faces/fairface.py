"""FairFace: age groups, gender and race in a csv."""

from typing import Any

from mtkd.registry import DATASETS

from ..base import Entry
from ..images.attributes import AttributeDataset
from ..tables import read_table
from .classes import GENDERS

AGES = ('0-2', '3-9', '10-19', '20-29', '30-39', '40-49', '50-59', '60-69', 'more than 70')
RACES = ('White', 'Black', 'Latino_Hispanic', 'East Asian', 'Southeast Asian', 'Indian', 'Middle Eastern')


@DATASETS.register_module()
class FairFace(AttributeDataset):
    """``fairface_label_{train,val}.csv`` with the columns file, age, gender, race; images under the names in ``file``.

    Age is one of nine groups and race one of seven, both FairFace's own, in the order of the paper; the five races of the
    other data sets need five lines of ``label_maps`` (docs/mechanisms/faces.md). Gender: 0 male, 1 female. Tables in which
    a spreadsheet has converted '3-9' and '10-19' to dates are supported.

    Args:
        args: see :class:`AttributeDataset`.
        table: name of the csv; ``{split}`` in it is the split.
        kwargs: see :class:`AttributeDataset`.

    Raises (on use):
        BadData: the table, or one of its columns, is missing.

    Source: Karkkainen and Joo 2021.
    """

    OFFERS = {'age': 'class_label', 'gender': 'class_label', 'race': 'class_label'}
    LABEL_MAPS = {'age': {**{group: i for i, group in enumerate(AGES)}, '70+': 8, '03-Sep': 1, 'Oct-19': 2},
                  'gender': {'Male': 0, 'Female': 1}, 'race': {race: i for i, race in enumerate(RACES)}}
    CLASSES = {'age': AGES, 'gender': GENDERS, 'race': RACES}

    def __init__(self, *args: Any, table: str = 'fairface_label_{split}.csv', **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        needed = ('file', 'age', 'gender', 'race')
        columns = read_table(self.data_root / self.table.format(split=self.split), needed)
        return [{'sample_id': name, 'files': {'image': self.data_root / name},
                 'values': {'age': age, 'gender': gender, 'race': race}}
                for name, age, gender, race in zip(*(columns[key] for key in needed), strict=True)]
