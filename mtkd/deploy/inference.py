"""Inference on images, folders, batches and videos, with results in physical units and as images."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from ..datasets.picture_files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, is_picture, is_video, read_picture
from ..datasets.transforms import CentreCrop
from ..engine.loaders import datasets_of
from ..registry import TRANSFORMS
from ..structures import Sample, SampleMeta, Size
from ..tasks import Task
from .hub import read_folder
from .student import Student, load_student

WHOLE = 0.9  # missing frames are reported below this fraction of the declared number, which is often an estimate
UNITS = {'class_map': 'class id', 'binary_map': 'probability', 'edge_map': 'probability', 'depth': 'm',
         'normals': 'unit vector', 'class_label': 'probability per class', 'scalar': 'value'}  # kind -> what is predicted

Picture = np.ndarray | str | Path
Inputs = Picture | Sequence[Picture]


@dataclass(frozen=True)
class Prediction:
    """The predictions of the student for one image, at the size of the image.

    Attributes:
        source: the file, ``FILE#N`` for frame N of a video, or ``array N``.
        image: (H, W, 3) uint8 RGB, as given.
        values: task -> (H, W) class ids, metres or probabilities, (H, W, 3) unit vectors; for image-level tasks a number, or
            (C,) probabilities.
        units: task -> unit of the values.
        pictures: task -> (H, W, 3) uint8 RGB, visualisation of the task; a 64x64 swatch for an image-level task.
    """

    source: str
    image: np.ndarray
    values: dict[str, Any]
    units: dict[str, str]
    pictures: dict[str, np.ndarray]


class MultiTaskInferencer:
    """Runs a trained student on images.

    Images are processed by the test pipeline of the config, without labels. Predictions have the size of the image: outputs
    are upsampled bilinearly to it before conversion to classes, and padding is removed.

    Args:
        config: config file of the checkpoint, or a folder written by ``mtkd export --format hub``.
        checkpoint: ``final.pth``, ``iter_N.pth`` or an exported state dict; None for a folder.
        device: such as ``'cuda'``; None: a GPU if available.
        batch_size: maximum number of images of equal size per batch.
        options: dotted key -> value, as ``--cfg-options``.

    Raises:
        FileNotFoundError: no such config, checkpoint or folder.
        ValueError: the checkpoint does not fit the config, is missing, or is given with a folder; the device does not
            exist; or the test pipeline crops the image although a task predicts maps.

    Example::

        predict = MultiTaskInferencer('configs/quickstart/student.py', 'work_dirs/student/seed0/final.pth')
        depth_m = predict('room.jpg').values['depth']
        same = MultiTaskInferencer('exported_folder')

    Attributes:
        tasks: name -> task.
        class_names: task -> names of its classes, if they are known.
    """

    def __init__(self, config: str | Path, checkpoint: str | Path | None = None, device: str | None = None,
                 batch_size: int = 1, options: Mapping[str, Any] | None = None) -> None:
        if batch_size < 1:
            raise ValueError(f'batch_size is {batch_size}; give 1 or more.')
        student = _student(config, checkpoint, options)
        self.device = _device(device)
        self.net = student.net.to(self.device)
        self.preprocessor = student.preprocessor.to(self.device)
        self.tasks = student.tasks
        self.class_names = student.class_names
        self.batch_size = batch_size
        loader = student.cfg.get('test_dataloader') or student.cfg.get('val_dataloader')
        steps = next((d.get('pipeline') for d in datasets_of(loader) if not d.get('datasets')), None)
        self.pipeline = [t if callable(t) else TRANSFORMS.build(t) for t in steps or []]
        if any(isinstance(t, CentreCrop) for t in self.pipeline) and any(t.kind.spatial for t in self.tasks.values()):
            raise ValueError(f'the test pipeline of {config} has a CentreCrop, so that maps cannot have the size of the '
                             f'image: remove it from test_dataloader.dataset.pipeline.')

    def __call__(self, inputs: Inputs) -> Prediction | list[Prediction]:
        """Predict all tasks.

        Args:
            inputs: an image file or (H, W, 3) uint8 RGB array gives one prediction; a folder, a video file, a list of
                these, or a (B, H, W, 3) batch gives a list. Use :meth:`stream` for long videos.

        For a video that ends early (truncated or damaged), the readable frames are predicted and a warning gives their
        number.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a file is not a readable image or video, a folder contains none, or an array is not uint8 RGB.
        """
        found = list(self.stream(inputs))
        one = (isinstance(inputs, np.ndarray) and inputs.ndim == 3) or \
            (isinstance(inputs, (str, Path)) and not is_video(inputs) and not Path(inputs).is_dir())
        return found[0] if one else found

    def stream(self, inputs: Inputs) -> Iterator[Prediction]:
        """Yield the same predictions one by one, with one batch of images in memory at a time.

        Images before a broken file are predicted before the error is raised.
        """
        waiting: list[tuple[str, np.ndarray]] = []
        source = pictures(inputs)
        while True:
            failure: Exception | None = None
            try:
                found = next(source, None)
            except (OSError, ValueError) as error:
                found, failure = None, error
            if waiting and (found is None or len(waiting) == self.batch_size or found[1].shape != waiting[0][1].shape):
                yield from self._predict(waiting)
                waiting = []
            if failure is not None:
                raise failure
            if found is None:
                return
            waiting.append(found)

    @torch.inference_mode()
    def _predict(self, batch: Sequence[tuple[str, np.ndarray]]) -> list[Prediction]:
        """Predictions of images of one size."""
        samples = [self._prepared(image) for _, image in batch]
        shown = torch.stack([torch.from_numpy(s['image'].transpose(2, 0, 1).copy()) for s in samples]).to(self.device)
        taps = self.net(self.preprocessor.normalise(shown))
        frame = (shown.shape[-2], shown.shape[-1])
        size: Size = batch[0][1].shape[:2]
        values = {name: _at_size(task, taps[f'{name}.out'], frame, samples[0]['meta'].get('crop'), size)
                  for name, task in self.tasks.items()}
        drawn = {name: task.draw(values[name]).movedim(1, -1).numpy() for name, task in self.tasks.items()}
        units = {name: UNITS.get(task.kind.name, '') for name, task in self.tasks.items()}
        return [Prediction(source, image, {name: _plain(value[i]) for name, value in values.items()}, units,
                           {name: picture[i] for name, picture in drawn.items()})
                for i, (source, image) in enumerate(batch)]

    def _prepared(self, image: np.ndarray) -> Sample:
        kinds = {name: task.kind for name, task in self.tasks.items()}
        meta = SampleMeta(original_size=image.shape[:2], crop=None, flip=False)
        sample = Sample(image=image, targets={}, meta=meta)
        for transform in self.pipeline:
            sample = transform(sample, kinds, np.random.default_rng(0))
        return sample


def _student(config: str | Path, checkpoint: str | Path | None, options: Mapping[str, Any] | None) -> Student:
    """The student of a config with a checkpoint, or of a hub folder."""
    if not Path(config).expanduser().is_dir():
        if checkpoint is None:
            raise ValueError(f'{config} is not a folder written by mtkd export --format hub: give such a folder, or a '
                             f'config and its checkpoint.')
        return load_student(config, checkpoint, options)
    if checkpoint is not None or options:
        raise ValueError(f'{config} is a folder that contains weights and settings: leave out the '
                         f'{"checkpoint" if checkpoint is not None else "config options"}.')
    return read_folder(Path(config).expanduser())


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device '{name}' is not available ({str(error).splitlines()[0]}): use cpu.") from error
    return torch.device(name)


def _at_size(task: Task, out: Tensor, frame: Size, crop: tuple[int, int, int, int] | None, size: Size) -> Tensor:
    """A task's prediction at ``size`` on the CPU, without padding.

    If the image was padded to ``frame``, the whole frame is resized such that ``crop``, the image inside it, has ``size``,
    and the rest is removed.
    """
    if not task.kind.spatial:
        return task.predict(out).cpu()
    if crop is None:
        return task.predict(out, size).cpu()
    top, left, height, width = crop
    zoom = (size[0] / height, size[1] / width)
    first = (round(top * zoom[0]), round(left * zoom[1]))
    whole = (max(round(frame[0] * zoom[0]), first[0] + size[0]), max(round(frame[1] * zoom[1]), first[1] + size[1]))
    return task.predict(out, whole)[..., first[0]:first[0] + size[0], first[1]:first[1] + size[1]].cpu()


def _plain(value: Tensor) -> Any:
    """A prediction in NumPy's layout: maps without a singleton channel axis, vectors in the last axis."""
    if value.ndim == 0:
        return value.item()
    array = value.numpy()
    if array.ndim < 3:
        return array
    return array[0] if array.shape[0] == 1 else np.ascontiguousarray(array.transpose(1, 2, 0))


def pictures(inputs: Inputs) -> Iterator[tuple[str, np.ndarray]]:
    """Name and (H, W, 3) uint8 RGB array of every image in ``inputs``; see :class:`MultiTaskInferencer`.

    Raises:
        FileNotFoundError: a file does not exist.
        ValueError: a file is not a readable image or video, a folder contains none, or an array is not uint8 RGB.
    """
    if isinstance(inputs, np.ndarray):
        yield from _of_arrays([inputs] if inputs.ndim == 3 else inputs)
    elif isinstance(inputs, (str, Path)):
        yield from _of_path(Path(inputs).expanduser())
    elif isinstance(inputs, Sequence):
        for number, part in enumerate(inputs):
            yield from _of_arrays([part], number) if isinstance(part, np.ndarray) else pictures(part)
    else:
        raise ValueError(f'the input is of type {type(inputs).__name__}; give a path, a uint8 array or a list of them.')


def _of_arrays(arrays: Iterable[np.ndarray], start: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    for number, array in enumerate(arrays, start):
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or not array.size:
            raise ValueError(f'array {number} is {array.shape} {array.dtype}; an image must be (H, W, 3) uint8 RGB, not '
                             f'normalised.')
        yield f'array {number}', array


def _of_path(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    if path.is_dir():
        files = sorted(p for p in path.rglob('*') if is_picture(p) or is_video(p))
        if not files:
            raise ValueError(f'{path} contains no image or video ({" ".join((*IMAGE_SUFFIXES, *VIDEO_SUFFIXES))}).')
        for file in files:
            yield from _of_path(file)
    elif not path.is_file():
        raise FileNotFoundError(f'{path} does not exist.')
    elif is_video(path):
        yield from _frames(path)
    else:
        yield str(path), read_picture(path)


def _frames(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    video = cv2.VideoCapture(str(path))
    announced = video.get(cv2.CAP_PROP_FRAME_COUNT)  # 0 or less if the file does not declare it
    number = 0
    try:
        while True:
            there, frame = video.read()
            if not there:
                break
            yield f'{path}#{number}', np.ascontiguousarray(frame[..., ::-1])
            number += 1
    finally:
        video.release()
    if not number:
        raise ValueError(f'{path} is not a readable video: OpenCV cannot read a frame from it (damaged, or an unsupported '
                         f'codec); convert it to an .mp4 with H.264, or to a folder of images.')
    if number < WHOLE * announced:
        warnings.warn(f'{path} ends after {number} of its {announced:.0f} declared frames: it is truncated or damaged.')
