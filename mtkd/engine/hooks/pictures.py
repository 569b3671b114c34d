"""Pictures of predictions beside the labels, one panel a sample."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from ... import atomic
from ...registry import HOOKS
from ...structures import as_picture
from ..unwrap import unwrapped

MARGIN = 4


@HOOKS.register_module()
class PictureHook(Hook):
    """Writes ``<sample id>.png``: the picture, then per task the label above the prediction, and a teacher's below, if any.

    Args:
        folder: where to write.
        limit: how many samples to draw.
    """

    def __init__(self, folder: str, limit: int = 16) -> None:
        self.folder = Path(folder)
        self.limit = limit
        self._drawn = 0

    def after_test_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Draw a batch's samples while there is room."""
        model = unwrapped(runner.model)
        for sample in (outputs or [])[:max(0, self.limit - self._drawn)]:
            self._drawn += 1
            self.folder.mkdir(parents=True, exist_ok=True)
            name = str(sample['meta'].get('sample_id', self._drawn)).replace('/', '_')
            drawn = panel(sample, model.tasks, teacher_predictions(model, sample))
            atomic.write_picture(self.folder / f'{name}.png', drawn)


@HOOKS.register_module()
class ValidationPictureHook(Hook):
    """Draws the first samples of every validation: picture, and per task the label above the student's prediction above its
    teacher's.

    Written as ``pictures/<sample id>/iter_<N>.png`` in the work dir, so that a viewer leafs through the training, and handed
    to the visualiser (TensorBoard). A task whose output no teacher has gets an empty cell; without teachers there is no
    such row.

    Args:
        limit: how many samples to draw.
    """

    def __init__(self, limit: int = 4) -> None:
        self.limit = limit
        self._drawn = 0

    def before_val_epoch(self, runner: Any) -> None:
        """Begin with the first sample again."""
        self._drawn = 0

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Draw a batch's samples while there is room."""
        if not is_main_process():
            return
        model = unwrapped(runner.model)
        for sample in (outputs or [])[:max(0, self.limit - self._drawn)]:
            self._drawn += 1
            name = str(sample['meta'].get('sample_id', self._drawn)).replace('/', '_')
            drawn = panel(sample, model.tasks, teacher_predictions(model, sample))
            file = Path(runner.work_dir) / 'pictures' / name / f'iter_{runner.iter}.png'
            file.parent.mkdir(parents=True, exist_ok=True)
            atomic.write_picture(file, drawn)
            runner.visualizer.add_image(f'pictures/{name}', drawn, step=runner.iter)


def teacher_predictions(model: Any, sample: dict[str, Any]) -> dict[str, Tensor] | None:
    """Task -> what the first teacher that has its output predicts for a sample; None where there is no teacher."""
    if model.distiller is None or not model.distiller.teachers:
        return None
    image = sample['image'][None]
    predictions: dict[str, Tensor] = {}
    for teacher in model.distiller.teachers.values():
        outputs = {name: f'{name}.out' for name, task in model.tasks.items() if task.kind.spatial
                   and name not in predictions and f'{name}.out' in (teacher.tap_specs or {})}
        if outputs:
            device = next((p.device for p in teacher.net.parameters()), image.device)
            taps = teacher(image.to(device), tuple(outputs.values()))
            for name, tap in outputs.items():
                predicted = model.tasks[name].predict(taps[tap].float(), tuple(image.shape[-2:]))[0]
                predictions[name] = _cropped(predicted, sample['meta'].get('crop')).cpu()
    return predictions


def panel(sample: dict[str, Any], tasks: dict[str, Any], teacher: Mapping[str, Tensor] | None = None) -> np.ndarray:
    """One sample as ``model(mode='predict')`` returns it -> (H, W, 3) uint8 RGB.

    The left column holds the picture, or a clip's frames side by side; each further column a task, its label above its
    prediction, and, where ``teacher`` has predictions by task, the teacher's below.
    """
    is_clip = sample['image'].ndim > 3  # shown whole
    image = _array(sample['image'] if is_clip else _cropped(sample['image'], sample['meta'].get('crop')))
    blank = np.full_like(image, 255)
    columns = [[image, blank] if teacher is None else [image, blank, blank]]
    for name, task in tasks.items():
        if task.kind.spatial:
            label, prediction = (_array(task.draw(sample[part][name][None])[0]) for part in ('target', 'pred'))
            columns.append([label if sample['present'][name] else np.zeros_like(label), prediction])
            if teacher is not None:
                columns[-1].append(_array(task.draw(teacher[name][None])[0]) if name in teacher else blank)
    height, width = image.shape[:2]
    resized = [[cv2.resize(cell, (width, height), interpolation=cv2.INTER_NEAREST) for cell in column]
               for column in columns]
    return _grid(resized)


def _cropped(value: Tensor, crop: Sequence[int] | None) -> Tensor:
    if crop is None:
        return value
    top, left, height, width = crop
    return value[..., top:top + height, left:left + width]


def _array(image: Tensor) -> np.ndarray:
    return np.ascontiguousarray(as_picture(image.detach()).to('cpu', torch.uint8).permute(1, 2, 0).numpy())


def _grid(columns: list[list[np.ndarray]]) -> np.ndarray:
    height, width = columns[0][0].shape[:2]
    rows = len(columns[0])
    canvas = np.full((rows * (height + MARGIN) - MARGIN, len(columns) * (width + MARGIN) - MARGIN, 3), 255, np.uint8)
    for i, column in enumerate(columns):
        for j, cell in enumerate(column):
            top, left = j * (height + MARGIN), i * (width + MARGIN)
            canvas[top:top + height, left:left + width] = cell
    return canvas
