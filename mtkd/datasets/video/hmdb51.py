"""HMDB-51: 6,766 clips of 51 actions."""

from pathlib import Path
from typing import Any

from mtkd.registry import DATASETS

from ..base import BadData
from .labelled_videos import LabelledVideos, Video, lines, unpacked

FLAGS = {'train': '1', 'test': '2'}  # 0: in neither


@DATASETS.register_module()
class HMDB51(LabelledVideos):
    """``hmdb51_org/<class>/*.avi``, and ``testTrainMulti_7030_splits/<class>_test_split<N>.txt`` (file and flag per line:
    1 training, 2 test, 0 unused).

    Classes are numbered in the order of their names.

    Args:
        args: see :class:`LabelledVideos`.
        fold: which of the three official divisions (70 training and 30 test clips per class).
        kwargs: see :class:`LabelledVideos`; splits are ``train`` and ``test``.

    Raises:
        ValueError: the division does not exist.
        BadData (on use): lists are missing or invalid.

    Source: Kuehne et al. 2011; fact sheet 2.7.
    """

    COUNT = 51
    SPLITS = ('train', 'test')

    def __init__(self, *args: Any, fold: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fold not in (1, 2, 3):
            raise ValueError(f'HMDB51: fold={fold}; the official divisions are 1, 2 and 3.')
        self.fold = fold

    def listed(self) -> list[Video]:
        """See :class:`LabelledVideos`."""
        folder, ending = self.data_root / 'testTrainMulti_7030_splits', f'_test_split{self.fold}.txt'
        lists = {path.name.removesuffix(ending): path for path in sorted(folder.glob(f'*{ending}'))}
        if not lists:
            raise BadData(f'{folder} holds no lists *{ending}: data_root must be the folder that holds it.')
        listed: list[tuple[Path, int]] = []
        for name, number in self.known_classes(list(lists), folder).items():
            listed += [(self.data_root / 'hmdb51_org' / name / file, number) for file in self._of_split(lists[name])]
        videos = unpacked(path for path, _ in listed)
        return [Video(video, number) for video, (_, number) in zip(videos, listed, strict=True)]

    def _of_split(self, path: Path) -> list[str]:
        """The split's files in the list of one class."""
        rows = [line.rsplit(maxsplit=1) for line in lines(path)]
        wrong = next((row for row in rows if len(row) != 2 or row[1] not in ('0', '1', '2')), None)
        if wrong is not None:
            raise BadData(f"{path} holds the line '{' '.join(wrong)}', a line is a file and 0, 1 or 2: get the lists again.")
        return [file for file, flag in rows if flag == FLAGS[self.split]]
