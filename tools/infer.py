"""Run a trained student on pictures, folders and videos: a PNG per task, the numbers behind it as .npz, and an index."""

import argparse
import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import DictAction
from rich.progress import track

from mtkd.deploy.inference import MultiTaskInferencer, Prediction
from mtkd.engine import cli

EXAMPLE = """\
examples:
  python tools/infer.py configs/quickstart/student.py work_dirs/student/seed0/final.pth room.jpg --out predicted
  python tools/infer.py CONFIG CHECKPOINT pictures/ drive.mp4 --out predicted --batch-size 8 --device cuda
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file the checkpoint was trained with')
    parser.add_argument('checkpoint', type=Path, help='final.pth or iter_N.pth')
    parser.add_argument('inputs', nargs='+', metavar='INPUT', help='picture, folder or video')
    parser.add_argument('--out', type=Path, default=Path('predicted'), metavar='DIR',
                        help='where to write (default: predicted)')
    parser.add_argument('--device', metavar='D', help='such as cuda or cpu (default: a GPU where there is one)')
    parser.add_argument('--batch-size', type=int, default=1, metavar='N',
                        help='pictures of one size to run at once (default: 1)')
    parser.add_argument('--no-values', action='store_true', help='write the pictures only, no .npz')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='K=V',
                        help='change config values')
    arguments = parser.parse_args()
    if arguments.out.exists() and not arguments.out.is_dir():
        raise ValueError(f'{arguments.out} is a file: name a folder with --out.')
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')  # what is wrong with a video is said by our own sentence
    predict = MultiTaskInferencer(arguments.config, arguments.checkpoint, arguments.device, arguments.batch_size,
                                  arguments.cfg_options)
    arguments.out.mkdir(parents=True, exist_ok=True)
    index: list[dict] = []
    with warnings.catch_warnings(record=True) as notes:
        try:
            for prediction in track(predict.stream(arguments.inputs), description='predicting'):
                index.append(write(prediction, arguments.out, len(index), not arguments.no_values))
        finally:  # a broken file in the middle leaves what was done with its index
            (arguments.out / 'predictions.json').write_text(json.dumps(index, indent=1) + '\n')
            for note in notes:
                print(f'note: {note.message}', file=sys.stderr)
    print(f'{len(index)} picture{"" if len(index) == 1 else "s"}, tasks {", ".join(predict.tasks)}: {arguments.out}')
    return 0


def write(prediction: Prediction, folder: Path, number: int, values: bool) -> dict:
    """Write one prediction; its entry of the index."""
    path, _, frame = prediction.source.rpartition('#')
    stem = f'{number:05d}_{Path(path).stem}_{frame}' if path and frame.isdigit() else \
        f'{number:05d}_{Path(prediction.source).stem}'
    entry: dict = {'source': prediction.source, 'size': list(prediction.image.shape[:2]), 'units': prediction.units,
                   'pictures': {}, 'values': {}}
    for task, picture in prediction.pictures.items():
        name = f'{stem}_{task}.png'
        if not cv2.imwrite(str(folder / name), picture[..., ::-1]):
            raise PermissionError(f'{folder / name} cannot be written: name another folder with --out.')
        entry['pictures'][task] = name
    maps: dict[str, Any] = {task: value for task, value in prediction.values.items() if np.ndim(value) > 1}
    for task, value in prediction.values.items():
        if task not in maps:
            entry['values'][task] = value.tolist() if isinstance(value, np.ndarray) else value
    if values and maps:
        np.savez_compressed(folder / f'{stem}.npz', **maps)
        entry['values'].update(dict.fromkeys(maps, f'{stem}.npz'))
    return entry


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
