"""Base class of clip data sets: a few frames of each sample, resampled at each access in training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mtkd.structures import Sample, SampleMeta

from ..base import BadData, Entry, TaskDataset
from ..images.array import DTYPES
from .video_files import Choose, read_clip

SAMPLINGS = ('random', 'centre')


class ClipDataset(TaskDataset):
    """Samples of T frames with image-level labels; adapters implement ``load_data_list``.

    A sample's image is a clip, (T, H, W, 3) uint8 in the pipeline and (T, 3, H, W) in a batch. The video (or the part
    of it given by the entry's ``span``) is divided into T equal segments, and one frame is taken from each: the central one,
    or in training a random one. Shorter videos repeat frames. The transforms of the pipeline process one frame at a time,
    each with a generator in the same state, so that all frames are cropped, flipped and coloured in the same way.

    Frames and augmentation are functions of (``seed``, draw, index) only, as in every data set.

    Source: fact sheet 1.3.3 (F = 8; ours, the papers do not say).

    Args:
        args: see :class:`TaskDataset`.
        frames: T.
        sampling: ``'random'``: a random frame of each segment; ``'centre'``: the central one; None: random in the split
            ``train`` only.
        kwargs: see :class:`TaskDataset`; ``cache`` is not supported, because the frames change from draw to draw.

    Raises:
        ValueError: ``frames`` is below 1, ``sampling`` is unknown, or ``cache`` is given.
        TypeError: a label on offer is not image-level.
        BadData (on use): a video cannot be read.
    """

    def __init__(self, *args: Any, frames: int = 8, sampling: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = type(self).__name__
        if frames < 1:
            raise ValueError(f'{kind}: frames={frames}; give 1 or more.')
        self.frames = int(frames)
        self.sampling = sampling or ('random' if self.split == 'train' else 'centre')
        if self.sampling not in SAMPLINGS:
            raise ValueError(f"{kind}: sampling='{sampling}' is unknown; choose one of {', '.join(SAMPLINGS)}.")
        if self.cache:
            raise ValueError(f"cache={self.cache!r} of {kind}: a clip's frames change from draw to draw, so nothing can be "
                             f'kept; leave it out.')
        wrong = [task for task, label in self.reads.items() if label.name not in DTYPES]
        if wrong:
            raise TypeError(f"{kind} offers '{wrong[0]}' as {self.reads[wrong[0]].name}: clips have labels of the whole "
                            f'clip ({", ".join(DTYPES)}).')

    # May be overridden by an adapter.

    def read_frames(self, entry: Entry, choose: Choose) -> np.ndarray:
        """(T, H, W, 3) uint8 RGB: the frames of the entry's file that ``choose`` selects."""
        return read_clip(Path(entry['files']['image']), choose)

    def labels(self, entry: Entry) -> dict[str, Any]:
        """Task -> label of one sample."""
        return dict.fromkeys(self.reads, entry['class'])

    # Public methods.

    def known_labels(self) -> dict[str, np.ndarray]:
        """See :class:`TaskDataset`; no frame is decoded."""
        none = {task: -1 if self.reads[task].name == 'class_label' else float('nan') for task in self.serves}
        found = [self.labels(entry) for entry in self.entries]
        stored = {task: np.array([none[task] if label.get(task) is None else label[task] for label in found], DTYPES[
            self.reads[task].name]) for task in sorted(self.serves)}
        return {task: self.class_maps[task].translate_all(labels) if task in self.class_maps else labels
                for task, labels in stored.items()}

    def read(self, entry: Entry) -> Sample:
        """One sample with the frames at its segments' centres."""
        return self._read(entry, None)

    def _read(self, entry: Entry, seeds: Sequence[int] | None) -> Sample:
        first, last = entry.get('span', (0.0, 1.0))

        def choose(count: int) -> np.ndarray:
            start = min(int(first * count), count - 1)
            stop = max(min(int(np.ceil(last * count)), count), start + 1)
            rng = None if seeds is None else np.random.default_rng([*seeds, 1])
            return start + segment_frames(stop - start, self.frames, rng)

        return Sample(image=self.read_frames(entry, choose), targets=self.labels(entry), meta=SampleMeta())

    def load(self, index: int) -> Sample:
        """The sample before any transform, with the frames at its segments' centres."""
        return self._loaded(index, None)

    def _loaded(self, index: int, seeds: Sequence[int] | None) -> Sample:
        entry = self.entries[index]
        sample = self.checked(self._read(entry, seeds), entry)
        sample['meta'] = SampleMeta(dataset=self.name, sample_id=entry['sample_id'], index=index,
                                    original_size=sample['image'].shape[1:3], crop=None, flip=False, view=0)
        return sample

    def augmented(self, index: int, draw: int = 0) -> Sample:
        """The sample's frames of draw ``draw`` after the pipeline."""
        view = draw if self.views is None else draw % self.views
        seeds = (self.seed or 0, view, index)
        sample = self._loaded(index, seeds if self.sampling == 'random' else None)
        sample['meta']['view'] = view
        moved = [self._moved(sample, image, seeds) for image in sample['image']] if self.pipeline else []
        return Sample(**{**moved[0], 'image': np.stack([f['image'] for f in moved])}) if moved else sample  # type: ignore[typeddict-item]

    def _moved(self, sample: Sample, image: np.ndarray, seeds: Sequence[int]) -> Sample:
        """One frame of the sample after the pipeline."""
        frame = Sample(image=image, targets=dict(sample['targets']), meta=SampleMeta(**sample['meta']))
        rng = np.random.default_rng(list(seeds))
        for transform in self.pipeline:
            frame = transform(frame, self.reads, rng)
        return frame

    def checked(self, sample: Sample, entry: Entry) -> Sample:
        """See :class:`TaskDataset`; the image is a clip."""
        clip = sample['image']
        if clip.dtype != np.uint8 or clip.ndim != 4 or clip.shape[::3] != (self.frames, 3):
            raise BadData(f"{self.name} sample '{entry['sample_id']}': a clip is ({self.frames}, H, W, 3) uint8 RGB, this "
                          f'one is {clip.shape} {clip.dtype}: convert it.')
        first = super().checked(Sample(**{**sample, 'image': clip[0]}), entry)  # type: ignore[typeddict-item]
        return Sample(**{**first, 'image': clip})  # type: ignore[typeddict-item]


def segment_frames(count: int, frames: int, rng: np.random.Generator | None = None) -> np.ndarray:
    """(frames,) ascending frame numbers below ``count``, one per segment of equal length.

    Args:
        count: number of frames of the video.
        frames: number of segments.
        rng: generator for random frames; None: the centres.
    """
    within = 0.5 if rng is None else rng.random(frames)
    return np.minimum((np.arange(frames) + within) * count / frames, count - 1).astype(int)
