"""Writes predictions to files: a PNG per task, and the values as ``.npz``."""

from pathlib import Path
from typing import Any

import numpy as np

from .. import atomic
from .inference import Prediction


def write_prediction(prediction: Prediction, folder: Path, number: int, values: bool) -> dict[str, Any]:
    """Write one prediction and return its entry of the index.

    Args:
        prediction: the predictions for one image.
        folder: an existing folder.
        number: index of the prediction, with which the file names begin.
        values: also write maps as ``.npz``.

    Returns:
        The entry: source, size and units, and task -> file name (or value) of ``pictures`` and ``values``.

    Raises:
        OSError: a file cannot be written.
    """
    path, _, frame = prediction.source.rpartition('#')
    stem = f'{number:05d}_{Path(path).stem}_{frame}' if path and frame.isdigit() else \
        f'{number:05d}_{Path(prediction.source).stem}'
    entry: dict[str, Any] = {'source': prediction.source, 'size': list(prediction.image.shape[:2]),
                             'units': prediction.units, 'pictures': {}, 'values': {}}
    for task, picture in prediction.pictures.items():
        name = f'{stem}_{task}.png'
        atomic.write_picture(folder / name, picture)
        entry['pictures'][task] = name
    maps: dict[str, Any] = {task: value for task, value in prediction.values.items() if np.ndim(value) > 1}
    for task, value in prediction.values.items():
        if task not in maps:
            entry['values'][task] = value.tolist() if isinstance(value, np.ndarray) else value
    if values and maps:
        with atomic.replacing(folder / f'{stem}.npz') as partial:
            np.savez_compressed(partial, **maps)
        entry['values'].update(dict.fromkeys(maps, f'{stem}.npz'))
    return entry
