"""AffectNet: expressions in the wild."""

from typing import Any

import numpy as np
from mmengine.logging import print_log

from mtkd.registry import DATASETS

from ..base import Entry
from ..images.attributes import AttributeDataset
from ..label_map import as_key
from ..tables import read_table
from .classes import EXPRESSIONS

TABLE = {'train': 'training.csv', 'val': 'validation.csv'}
COLUMNS = ('subDirectory_filePath', 'face_x', 'face_y', 'face_width', 'face_height', 'facial_landmarks', 'expression',
           'valence', 'arousal')
BOX = COLUMNS[1:5]
UNUSABLE = ('8', '9', '10')  # none of the expressions, uncertain, no face


@DATASETS.register_module()
class AffectNet(AttributeDataset):
    """``training.csv`` and ``validation.csv``, with images under the names in ``subDirectory_filePath``.

    AffectNet's expressions are 0 neutral, 1 happy, 2 sad, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt; the first
    seven are converted to the order of FER-2013, contempt is missing (use a label map with eight classes to keep it). Rows
    with 8 to 10 are left out, and their number is logged. A table without a header is read in the release's column order.

    Args:
        args: see :class:`AttributeDataset`.
        images: folder of the images below ``data_root``.
        crop: crop the face if the table has its box.
        kwargs: see :class:`AttributeDataset`.

    Raises (on use):
        BadData: the table, or one of its columns, is missing.

    Source: fact sheet 2.8 (from knowledge of the format, not from a copy of the data set).
    """

    OFFERS = {'expression': 'class_label'}
    LABEL_MAPS = {'expression': {
        0: EXPRESSIONS.index('neutral'), 1: EXPRESSIONS.index('happy'), 2: EXPRESSIONS.index('sad'),
        3: EXPRESSIONS.index('surprise'), 4: EXPRESSIONS.index('fear'), 5: EXPRESSIONS.index('disgust'),
        6: EXPRESSIONS.index('angry'), 7: None}}
    CLASSES = {'expression': EXPRESSIONS}

    def __init__(self, *args: Any, images: str = 'Manually_Annotated_Images', crop: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.images, self.crop = images, crop

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        table = read_table(self.data_root / TABLE[self.split], (COLUMNS[0], 'expression'), header=COLUMNS)
        boxes = self.crop and all(column in table for column in BOX)
        records: list[Entry] = []
        for row, (name, expression) in enumerate(zip(table[COLUMNS[0]], table['expression'], strict=True)):
            if as_key(expression) not in UNUSABLE:
                records.append({'sample_id': name, 'files': {'image': self.data_root / self.images / name},
                                'box': [table[column][row] for column in BOX] if boxes else None,
                                'values': {'expression': expression}})
        dropped = len(table[COLUMNS[0]]) - len(records)
        if dropped:
            print_log(f"{self.name} '{self.split}': {dropped} images without a usable expression are left out.", 'current')
        return records

    def picture(self, entry: Entry) -> np.ndarray:
        """See :class:`AttributeDataset`; cropped to the face's box if there is one."""
        image = super().picture(entry)
        if entry['box'] is None:
            return image
        left, top, width, height = (int(float(value)) for value in entry['box'])
        cut = image[max(top, 0):top + height, max(left, 0):left + width]
        return cut if cut.size else image
