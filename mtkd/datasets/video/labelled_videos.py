"""Videos with one class each, listed by the files of a data set."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..base import BadData, Entry, counted_classes
from .clips import ClipDataset


class Video(NamedTuple):
    """One sample: a video file, or the folder of its frames, and its class.

    Attributes:
        path: the file or folder.
        number: number of the class, from 0.
        span: the part of the video that is used, from 0 to 1.
        mark: suffix of its id that distinguishes it from other samples of the same video.
    """

    path: Path
    number: int
    span: tuple[float, float] = (0.0, 1.0)
    mark: str = ''


class LabelledVideos(ClipDataset):
    """One video and class per sample; adapters implement :meth:`listed`.

    Frames keep their size: add a ``Resize`` to the pipeline. A folder of frames with the name of a video without its suffix
    is read instead of the video, which is faster: unpack with ``ffmpeg -i a.avi a/%05d.jpg``.

    Args:
        args: see :class:`ClipDataset`.
        task: name of the task whose label is the class.
        kwargs: see :class:`ClipDataset`.
    """

    COUNT: int  # number of classes

    def __init__(self, *args: Any, task: str = 'action', **kwargs: Any) -> None:
        self.OFFERS = {task: 'class_label'}
        self.NUM_CLASSES = counted_classes(task, self.COUNT, kwargs)
        super().__init__(*args, **kwargs)
        self.task = task

    @abstractmethod
    def listed(self) -> list[Video]:
        """The split's videos below ``data_root``."""

    def load_data_list(self) -> list[Entry]:
        """One entry per sample, named by its path without the suffix."""
        return [{'sample_id': video.path.relative_to(self.data_root).with_suffix('').as_posix() + video.mark,
                 'files': {'image': video.path}, 'class': video.number, 'span': video.span} for video in self.listed()]

    def known_classes(self, names: Sequence[str], where: Path) -> dict[str, int]:
        """Class name -> number, in the given order; sets them as the data set's classes.

        Raises:
            BadData: their number is not that of the task.
        """
        classes = self.stored_classes(self.task)
        if len(names) != classes:
            raise BadData(f"{where} names {len(names)} classes, the task '{self.task}' has {classes}: complete the lists, "
                          f'or correct num_classes.')
        self.CLASSES = {self.task: tuple(names)}
        return {name: number for number, name in enumerate(names)}


def unpacked(paths: Iterable[Path]) -> list[Path]:
    """The same videos, each replaced by the folder of its frames if it exists (one listing per directory)."""
    folders: dict[Path, set[str]] = {}
    found = []
    for path in paths:
        if path.parent not in folders:
            there = path.parent.iterdir() if path.parent.is_dir() else ()
            folders[path.parent] = {item.name for item in there if not item.suffix and item.is_dir()}
        found.append(path.with_suffix('') if path.stem in folders[path.parent] else path)
    return found


def lines(path: Path) -> list[str]:
    """The non-empty lines of a list.

    Raises:
        BadData: the file does not exist.
    """
    if not path.is_file():
        raise BadData(f'{path} is missing: data_root must be the folder that holds it.')
    return [line.strip() for line in path.read_text().splitlines() if line.strip()]
