"""ActivityNet 1.3: trimmed instances of 200 activities in untrimmed videos."""

import json
import warnings
from pathlib import Path
from typing import Any

from mtkd.registry import DATASETS

from ..base import BadData
from ..picture_files import is_video
from .labelled_videos import LabelledVideos, Video

SUBSETS = {'train': 'training', 'val': 'validation'}


@DATASETS.register_module()
class ActivityNet(LabelledVideos):
    """``activity_net.v1-3.min.json``, and ``videos/v_<id>.mp4`` (or ``.mkv``, ``.webm``, ``.avi``, or a folder of frames).

    A sample is one annotated segment of a video: frames are taken only from the segment, whose position is given as a
    fraction of the video's ``duration``, so that no frame rate is needed. The test subset has no labels. Classes are
    numbered in the order of their names.

    Args:
        args: see :class:`LabelledVideos`.
        missing: ``'error'``; or ``'skip'``: leave out missing videos, and warn with their number. Many videos are no longer
            online.
        kwargs: see :class:`LabelledVideos`.

    Raises:
        ValueError: an unknown ``missing``.
        BadData (on use): the list is missing or invalid, or videos are missing.

    Source: Caba Heilbron et al. 2015; fact sheet 2.7.
    """

    COUNT = 200
    LIST = 'activity_net.v1-3.min.json'

    def __init__(self, *args: Any, missing: str = 'error', **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if missing not in ('error', 'skip'):
            raise ValueError(f"ActivityNet: missing='{missing}' is unknown; choose error or skip.")
        self.missing = missing

    def listed(self) -> list[Video]:
        """See :class:`LabelledVideos`."""
        path = self.data_root / self.LIST
        database = self._database(path)
        names = {annotation['label'] for video in database.values() for annotation in video['annotations']}
        classes = self.known_classes(sorted(names), path)
        there = self._there()
        wanted = {key: video for key, video in database.items() if video['subset'] == SUBSETS[self.split]}
        if self.missing == 'skip':
            kept = {key: video for key, video in wanted.items() if key in there}
            if len(kept) < len(wanted):
                warnings.warn(f"{self.name} '{self.split}': {len(wanted) - len(kept)} of {len(wanted)} videos are not there "
                              f'and are left out.', stacklevel=2)
            wanted = kept
        return [Video(there.get(key, self.data_root / 'videos' / f'v_{key}.mp4'), classes[annotation['label']],
                      _span(annotation['segment'], video['duration']), f'#{number}')
                for key, video in wanted.items() for number, annotation in enumerate(video['annotations'])]

    def _database(self, path: Path) -> dict[str, Any]:
        """Video id -> its subset, duration and annotations."""
        if not path.is_file():
            raise BadData(f'{path} is missing: data_root must be the folder that holds it.')
        try:
            database = json.loads(path.read_text())['database']
            for key, video in database.items():
                _check(key, video)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadData(f'{path} is no list of ActivityNet 1.3 ({type(error).__name__}: {error}): get it '
                          f'again.') from error
        return database

    def _there(self) -> dict[str, Path]:
        """Video id -> its file, or the folder of its frames, which has precedence."""
        folder = self.data_root / 'videos'
        found: dict[str, Path] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if is_video(path) or path.is_dir():
                key = (path.name if path.is_dir() else path.stem).removeprefix('v_')
                if key not in found or path.is_dir():
                    found[key] = path
        return found


def _check(key: str, video: dict[str, Any]) -> None:
    """Check all values of a video's entry that are used.

    Raises:
        ValueError: a duration is invalid; KeyError, TypeError: a value is missing or has another type.
    """
    for annotation in video['annotations']:
        str(annotation['label'])
        first, last = (float(second) for second in annotation['segment'])
        if not (float(video['duration']) > 0 and first == first and last == last):
            raise ValueError(f'{key} lasts {video["duration"]} seconds and has the segment {annotation["segment"]}')
    str(video['subset'])


def _span(segment: tuple[float, float], duration: float) -> tuple[float, float]:
    """Convert seconds to fractions of the video, clipped to 0 to 1."""
    first, last = (min(max(float(second) / float(duration), 0.0), 1.0) for second in segment)
    return min(first, last), max(first, last)
