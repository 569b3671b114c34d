"""Images of predictions and labels, one page per sample."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from ... import atomic
from ...registry import HOOKS
from ...structures import as_picture
from ...tasks.panel import Shown, panel
from ..unwrap import unwrapped


@HOOKS.register_module()
class PictureHook(Hook):
    """Writes ``<sample id>.png`` with the image and, for each task, label, prediction, a teacher's prediction and error.

    Args:
        folder: the output folder.
        limit: number of samples to draw.
    """

    def __init__(self, folder: str, limit: int = 16) -> None:
        self.folder = Path(folder)
        self.limit = limit
        self._drawn = 0

    def after_test_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Draw a batch's samples up to the limit."""
        model = unwrapped(runner.model)
        for sample in (outputs or [])[:max(0, self.limit - self._drawn)]:
            self._drawn += 1
            self.folder.mkdir(parents=True, exist_ok=True)
            name = str(sample['meta'].get('sample_id', self._drawn)).replace('/', '_')
            drawn = page(sample, model.tasks, teacher_predictions(model, sample), _metainfo(runner.test_dataloader))
            atomic.write_picture(self.folder / f'{name}.png', drawn)


@HOOKS.register_module()
class ValidationPictureHook(Hook):
    """Draws the first samples of every validation: the image, and for each task the label, the student's prediction, its
    teacher's, and the error.

    The pages are written to ``pictures/<sample id>/iter_<N>.png`` in the work dir, so that an image viewer can step through
    the training, and passed to the visualiser (TensorBoard). A task whose output no teacher has is marked; without teachers,
    there is no row for them.

    Args:
        limit: number of samples to draw.
    """

    def __init__(self, limit: int = 4) -> None:
        self.limit = limit
        self._drawn = 0

    def before_val_epoch(self, runner: Any) -> None:
        """Start again with the first sample."""
        self._drawn = 0

    def after_val_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Draw a batch's samples up to the limit."""
        if not is_main_process():
            return
        model = unwrapped(runner.model)
        for sample in (outputs or [])[:max(0, self.limit - self._drawn)]:
            self._drawn += 1
            name = str(sample['meta'].get('sample_id', self._drawn)).replace('/', '_')
            drawn = page(sample, model.tasks, teacher_predictions(model, sample), _metainfo(runner.val_dataloader))
            file = Path(runner.work_dir) / 'pictures' / name / f'iter_{runner.iter}.png'
            file.parent.mkdir(parents=True, exist_ok=True)
            atomic.write_picture(file, drawn)
            runner.visualizer.add_image(f'pictures/{name}', drawn, step=runner.iter)


def _metainfo(loader: Any) -> Mapping[str, Any]:
    return getattr(loader.dataset, 'metainfo', None) or {}


def teacher_predictions(model: Any, sample: dict[str, Any]) -> dict[str, Tensor] | None:
    """Task -> the prediction for a sample by the first teacher that has its output; None if there is no teacher."""
    if model.distiller is None or not model.distiller.teachers:
        return None
    image = sample['image'][None]
    predictions: dict[str, Tensor] = {}
    for teacher in model.distiller.teachers.values():
        outputs = {name: f'{name}.out' for name in model.tasks
                   if name not in predictions and f'{name}.out' in (teacher.tap_specs or {})}
        if outputs:
            device = next((p.device for p in teacher.net.parameters()), image.device)
            taps = teacher(image.to(device), tuple(outputs.values()))
            for name, tap in outputs.items():
                predicted = model.tasks[name].predict(taps[tap].float(), tuple(image.shape[-2:]))[0]
                crop = sample['meta'].get('crop') if model.tasks[name].kind.spatial else None
                predictions[name] = _cropped(predicted, crop).cpu()
    return predictions


def page(sample: dict[str, Any], tasks: Mapping[str, Any], teacher: Mapping[str, Tensor] | None = None,
         about: Mapping[str, Any] | None = None) -> np.ndarray:
    """Draw one sample, as returned by ``model(mode='predict')``, as a page of :func:`~mtkd.tasks.panel.panel`.

    Args:
        sample: image, labels and predictions.
        tasks: the tasks of the model.
        teacher: task -> a teacher's prediction; None: not shown.
        about: ``metainfo`` of the data set.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    meta = sample['meta']
    is_clip = sample['image'].ndim > 3  # shown whole
    image = _array(sample['image'] if is_clip else _cropped(sample['image'], meta.get('crop')))
    own = _of_data_set(about or {}, meta.get('dataset'))
    where = [str(part) for part in (meta.get('dataset') or own.get('dataset'), own.get('split'), meta.get('sample_id'))
             if part is not None]
    labels = {name: value.cpu() for name, value in sample.get('target', {}).items() if sample['present'][name]}
    student = {name: value.cpu() for name, value in sample.get('pred', {}).items()}
    return panel(Shown(image, labels, student, teacher, ' · '.join(where), own.get('classes') or {}), tasks)


def _of_data_set(about: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    """The ``metainfo`` of a sample's data set; for a union, that of the sample's part."""
    return (about.get('datasets') or {}).get(name, about)


def _cropped(value: Tensor, crop: Sequence[int] | None) -> Tensor:
    if crop is None:
        return value
    top, left, height, width = crop
    return value[..., top:top + height, left:left + width]


def _array(image: Tensor) -> np.ndarray:
    return np.ascontiguousarray(as_picture(image.detach()).to('cpu', torch.uint8).permute(1, 2, 0).numpy())

