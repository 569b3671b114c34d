"""Synthetic clips: moving images of :class:`SyntheticImages`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtkd.registry import DATASETS
from mtkd.structures import Size, TargetKind

from ..base import Entry
from ..video.clips import ClipDataset
from ..video.video_files import Choose
from .images import SyntheticImages

STEP = 1  # pixels that the image moves from one frame to the next


@DATASETS.register_module()
class SyntheticClips(ClipDataset):
    """Clips that need no files: a sample's image shows its labels and moves to the right with wrap-around.

    ``--smoke`` uses it instead of a data set of clips.

    Args:
        tasks: see :class:`SyntheticImages`, as are ``split``, ``pipeline``, ``num_samples``, ``size``, ``seed``,
            ``labelled``, ``num_classes``, ``augment_seed``, ``views`` and ``name``.
        frames: see :class:`ClipDataset`.
        sampling: see :class:`ClipDataset`.
        length: number of frames of a video.

    Raises:
        ValueError: see both; or ``length`` is below 1.
    """

    LOOKS_AT = 0  # the labels are correct by construction

    def __init__(self, tasks: Mapping[str, TargetKind | str], split: str = 'train', pipeline: Sequence[Any] = (),
                 num_samples: int = 500, size: int | Size = 32, seed: int = 0, labelled: Sequence[str] | None = None,
                 num_classes: Mapping[str, int] | None = None, augment_seed: int | None = None, views: int | None = None,
                 name: str | None = None, frames: int = 8, sampling: str | None = None, length: int = 24) -> None:
        if length < 1:
            raise ValueError(f'SyntheticClips: length={length}; give 1 frame or more.')
        self.still = SyntheticImages(tasks, split, (), num_samples, size, seed, labelled, num_classes)
        self.OFFERS, self.SPLITS = self.still.OFFERS, (split,)
        super().__init__(tasks, split=split, pipeline=pipeline, seed=augment_seed, num_classes=num_classes, views=views,
                         name=name, frames=frames, sampling=sampling)
        self.size, self.length = self.still.size, length

    def _kinds(self, tasks: Mapping[str, TargetKind | str]) -> dict[str, TargetKind]:
        """See :class:`TaskDataset`; a set without labels may have tasks that it does not offer."""
        return dict(self.still.kinds)

    def load_data_list(self) -> list[Entry]:
        """The samples of the still images."""
        return list(self.still.entries)

    def labels(self, entry: Entry) -> dict[str, Any]:
        """The labels of the still image."""
        targets = self.still.read(entry)['targets']
        return {task: targets[task] for task in self.reads}

    def read_frames(self, entry: Entry, choose: Choose) -> np.ndarray:
        """(T, height, width, 3), the image moved by :data:`STEP` pixels per frame."""
        image = self.still.read(entry)['image']
        return np.stack([np.roll(image, STEP * int(number), axis=1) for number in choose(self.length)])
