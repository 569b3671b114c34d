"""FER-2013: expressions, with images stored in a csv file."""

from typing import Any

import numpy as np

from mtkd.registry import DATASETS

from ..base import BadData, Entry
from ..images.attributes import AttributeDataset
from ..tables import read_rows
from .classes import EXPRESSIONS

SIDE = 48
USAGE = {'train': 'Training', 'val': 'PublicTest', 'test': 'PrivateTest'}


@DATASETS.register_module()
class FER2013(AttributeDataset):
    """``fer2013.csv`` with the columns emotion, pixels (48x48 grey levels, separated by spaces) and Usage.

    Splits: ``train`` is Training, ``val`` PublicTest, ``test`` PrivateTest. A row whose pixels cannot be read counts as a
    broken image. A sample is named by the number of its row, from 0.

    Args:
        args: see :class:`AttributeDataset`.
        table: name of the csv.
        kwargs: see :class:`AttributeDataset`.

    Raises (on use):
        BadData: the table, or one of its columns, is missing.

    Source: fact sheet 2.8; expressions 0 angry to 6 neutral, the order used for all data sets.
    """

    OFFERS = {'expression': 'class_label'}
    LABEL_MAPS = {'expression': {i: i for i in range(len(EXPRESSIONS))}}
    CLASSES = {'expression': EXPRESSIONS}
    SPLITS = ('train', 'val', 'test')

    def __init__(self, *args: Any, table: str = 'fer2013.csv', **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        rows = read_rows(self.data_root / self.table, ('emotion', 'pixels', 'Usage'))
        return [{'sample_id': str(number), 'pixels': pixels_of(row['pixels']), 'values': {'expression': row['emotion']}}
                for number, row in enumerate(rows) if row['Usage'].strip() == USAGE[self.split]]

    def picture(self, entry: Entry) -> np.ndarray:
        """See :class:`AttributeDataset`."""
        if isinstance(entry['pixels'], str):
            raise BadData(f'row {entry["sample_id"]} of {self.data_root / self.table} {entry["pixels"]}')
        return np.repeat(entry['pixels'][..., None], 3, -1)


def pixels_of(text: str) -> np.ndarray | str:
    """(48, 48) uint8 grey levels, or what is wrong with them."""
    try:
        values: np.ndarray = np.array(text.split(), np.float64)
    except ValueError:
        return 'holds pixels that are no numbers'
    if values.size != SIDE * SIDE:
        return f'holds {values.size} pixels, not {SIDE * SIDE}'
    if not ((values >= 0) & (values <= 255)).all():
        return 'holds pixels outside 0 to 255'
    return values.astype(np.uint8).reshape(SIDE, SIDE)
