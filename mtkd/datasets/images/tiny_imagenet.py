"""Tiny-ImageNet: 200 classes of ImageNet at 64x64."""

from pathlib import Path

from mtkd.registry import DATASETS

from ..base import BadData
from ..picture_files import is_picture
from .labelled_files import LabelledFiles, class_folders


@DATASETS.register_module()
class TinyImageNet(LabelledFiles):
    """``train/WNID/images/*.JPEG``; ``val/images/*`` with ``val/val_annotations.txt`` (file, WNID, box per line).

    Classes are numbered in the order of the WNIDs in ``train``.

    Args: see :class:`LabelledFiles`.

    Raises:
        BadData (on use): a folder or the list is missing, or the list has a class that ``train`` does not have.

    Source: fact sheet 2.6 (100,000 train, 10,000 val).
    """

    COUNT = 200

    def listed(self) -> list[tuple[Path, int]]:
        """See :class:`LabelledFiles`."""
        folders = class_folders(self.data_root / 'train')
        if self.split == 'train':
            return [(path, number) for number, folder in enumerate(folders)
                    for path in sorted(filter(is_picture, (folder / 'images').iterdir()))]
        numbers = {folder.name: number for number, folder in enumerate(folders)}
        path = self.data_root / 'val' / 'val_annotations.txt'
        if not path.is_file():
            raise BadData(f'{path} is missing: data_root must be the folder that holds it.')
        rows = [line.split('\t') for line in path.read_text().splitlines() if line.strip()]
        strange = next((row[1] for row in rows if row[1] not in numbers), None)
        if strange is not None:
            raise BadData(f"{path} names the class '{strange}', which {self.data_root / 'train'} has no folder of: complete "
                          f'the data set.')
        return [(self.data_root / 'val' / 'images' / row[0], numbers[row[1]]) for row in rows]
