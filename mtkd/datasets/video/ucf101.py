"""UCF-101: 13,320 clips of 101 actions."""

from typing import Any

from mtkd.registry import DATASETS

from ..base import BadData
from .labelled_videos import LabelledVideos, Video, lines, unpacked


@DATASETS.register_module()
class UCF101(LabelledVideos):
    """``UCF-101/<class>/v_<class>_gNN_cNN.avi``, and ``ucfTrainTestlist/`` with ``classInd.txt`` (number, class),
    ``trainlist0N.txt`` (class/file, number) and ``testlist0N.txt`` (class/file).

    Args:
        args: see :class:`LabelledVideos`.
        fold: which of the three official divisions.
        kwargs: see :class:`LabelledVideos`; splits are ``train`` and ``test``.

    Raises:
        ValueError: the division does not exist.
        BadData (on use): a list is missing, or has a class that is not in ``classInd.txt`` or has another number there.

    Source: Soomro et al. 2012; fact sheet 2.7.
    """

    COUNT = 101
    SPLITS = ('train', 'test')

    def __init__(self, *args: Any, fold: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fold not in (1, 2, 3):
            raise ValueError(f'UCF101: fold={fold}; the official divisions are 1, 2 and 3.')
        self.fold = fold

    def listed(self) -> list[Video]:
        """See :class:`LabelledVideos`."""
        lists = self.data_root / 'ucfTrainTestlist'
        index = lists / 'classInd.txt'
        numbered = sorted((int(number), name) for number, name in (line.split() for line in lines(index)))
        classes = self.known_classes([name for _, name in numbered], index)
        path = lists / f'{self.split}list{self.fold:02d}.txt'
        rows = [line.split() for line in lines(path)]
        numbers = []
        for file, *number in rows:
            name = file.split('/')[0]
            if name not in classes or number not in ([], [str(classes[name] + 1)]):
                raise BadData(f"{path} lists '{' '.join([file, *number])}', but {index} has "
                              f'{classes[name] + 1 if name in classes else "no such class"}: get the lists again.')
            numbers.append(classes[name])
        videos = unpacked(self.data_root / 'UCF-101' / file for file, *_ in rows)
        return [Video(video, number) for video, number in zip(videos, numbers, strict=True)]
