"""RAF-DB: expressions, with manually annotated gender, race and age group."""

from pathlib import Path

from mtkd.registry import DATASETS

from ..base import BadData, Entry
from ..images.attributes import AttributeDataset
from .classes import EXPRESSIONS, GENDERS, RACES

AGES = ('0-3', '4-19', '20-39', '40-69', '70+')
PREFIX = {'train': 'train_', 'val': 'test_'}
LANDMARK_LINES = 5


@DATASETS.register_module()
class RAFDB(AttributeDataset):
    """The basic expressions of RAF-DB in the folders of the release.

    Under ``data_root``: ``EmoLabel/list_patition_label.txt`` (its own spelling), ``Image/aligned/NAME_aligned.jpg`` and
    ``Annotation/manual/NAME_manu_attri.txt``, which is only read if gender, race or age are requested: five lines of
    landmarks, then gender (0 male, 1 female, 2 unsure, which is missing), race (0 Caucasian, 1 African-American, 2 Asian:
    served as White, Black, Asian) and age group. ``val`` contains the files named ``test_…``. Expressions are converted to
    the order of FER-2013.

    Raises (on use):
        BadData: a file is missing, or one of its lines is invalid.

    Source: fact sheet 2.8.
    """

    OFFERS = {'expression': 'class_label', 'gender': 'class_label', 'race': 'class_label', 'age': 'class_label'}
    LABEL_MAPS = {
        'expression': {1: EXPRESSIONS.index('surprise'), 2: EXPRESSIONS.index('fear'), 3: EXPRESSIONS.index('disgust'),
                       4: EXPRESSIONS.index('happy'), 5: EXPRESSIONS.index('sad'), 6: EXPRESSIONS.index('angry'),
                       7: EXPRESSIONS.index('neutral')},
        'gender': {0: 0, 1: 1, 2: None}, 'race': {0: 0, 1: 1, 2: 2}, 'age': {i: i for i in range(len(AGES))}}
    CLASSES = {'expression': EXPRESSIONS, 'gender': GENDERS, 'race': RACES, 'age': AGES}

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        path = self.data_root / 'EmoLabel' / 'list_patition_label.txt'
        if not path.is_file():
            raise BadData(f'{path} is missing: data_root must be the folder that holds EmoLabel.')
        by_hand = any(field != 'expression' for field in self.fields.values())
        records = []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = line.split()
            if not words:
                continue
            if len(words) != 2:
                raise BadData(f"{path} line {number} reads '{line}', not 'file label': repair the line.")
            stem = Path(words[0]).stem
            if stem.startswith(PREFIX[self.split]):
                manual = attributes(self.data_root / 'Annotation' / 'manual' / f'{stem}_manu_attri.txt') if by_hand else {}
                records.append({'sample_id': stem, 'values': {'expression': words[1], **manual},
                                'files': {'image': self.data_root / 'Image' / 'aligned' / f'{stem}_aligned.jpg'}})
        return records


def attributes(path: Path) -> dict[str, str]:
    """Gender, race and age group of one annotation file.

    Raises:
        BadData: it is missing or has another number of lines.
    """
    if not path.is_file():
        raise BadData(f"{path} is missing: complete the data set, or take gender, race and age out of the tasks.")
    lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    if len(lines) != LANDMARK_LINES + 3:
        raise BadData(f'{path} has {len(lines)} lines, not five landmarks, gender, race and age: replace the file.')
    return dict(zip(('gender', 'race', 'age'), lines[LANDMARK_LINES:], strict=True))
