"""Pictures of predictions beside the labels, one panel a sample."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import Tensor

from ...registry import HOOKS
from ...structures import as_picture

MARGIN = 4


@HOOKS.register_module()
class PictureHook(Hook):
    """Writes ``<sample id>.png``: the picture, then per task the label above the prediction.

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
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        for sample in (outputs or [])[:max(0, self.limit - self._drawn)]:
            self._drawn += 1
            self.folder.mkdir(parents=True, exist_ok=True)
            name = str(sample['meta'].get('sample_id', self._drawn)).replace('/', '_')
            cv2.imwrite(str(self.folder / f'{name}.png'), panel(sample, model.tasks)[..., ::-1])


def panel(sample: dict[str, Any], tasks: dict[str, Any]) -> np.ndarray:
    """One sample as ``model(mode='predict')`` returns it -> (H, W, 3) uint8 RGB.

    The left column holds the picture, or a clip's frames side by side; each further column a task, its label above its
    prediction.
    """
    image = _array(sample['image'])
    crop = sample['meta'].get('crop')
    if crop is not None and sample['image'].ndim == 3:
        top, left, height, width = crop
        image = image[top:top + height, left:left + width]
    columns = [[image, np.full_like(image, 255)]]
    for name, task in tasks.items():
        if task.kind.spatial:
            label, prediction = (_array(task.draw(sample[part][name][None])[0]) for part in ('target', 'pred'))
            columns.append([label if sample['present'][name] else np.zeros_like(label), prediction])
    height, width = image.shape[:2]
    resized = [[cv2.resize(cell, (width, height), interpolation=cv2.INTER_NEAREST) for cell in column]
               for column in columns]
    return _grid(resized)


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
