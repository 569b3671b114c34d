"""Run a trained student on images, folders and videos; write a PNG per task, the values as .npz, and an index."""

import argparse
import json
import os
import sys
import warnings
from pathlib import Path

from .options import cfg_options, positive

TAKES_FOLDER = True  # the config may be a folder
EXAMPLE = """\
examples:
  mtkd infer configs/quickstart/student.py work_dirs/student/seed0/final.pth room.jpg --out predicted
  mtkd infer CONFIG CHECKPOINT images/ drive.mp4 --out predicted --batch-size 8 --device cuda
  mtkd infer exported_folder room.jpg --out predicted
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file the checkpoint was trained with, or a folder of mtkd export '
                                       '--format hub')
    parser.add_argument('checkpoint', type=Path, help='final.pth or iter_N.pth; leave it out with a folder')
    parser.add_argument('inputs', nargs='*', metavar='INPUT', help='image, folder or video')
    parser.add_argument('--out', type=Path, default=Path('predicted'), metavar='DIR',
                        help='folder to write to (default: predicted)')
    parser.add_argument('--device', metavar='D', help='such as cuda or cpu (default: a GPU if there is one)')
    parser.add_argument('--batch-size', type=positive, default=1, metavar='N',
                        help='number of images of one size per batch (default: 1)')
    parser.add_argument('--no-values', action='store_true', help='write only the images, no .npz')
    cfg_options(parser, 'change config values')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    checkpoint, inputs = arguments.checkpoint, arguments.inputs
    if Path(arguments.config).is_dir():
        checkpoint, inputs = None, [arguments.checkpoint, *inputs]
    elif not inputs:
        raise ValueError(f'no input: name an image, folder or video after {checkpoint}.')
    if checkpoint is None and not (Path(arguments.config) / 'config.json').is_file():
        raise FileNotFoundError(f'{arguments.config} contains no config.json: name a folder written by mtkd export '
                                f'--format hub, or a config.')
    for given in inputs:
        if not Path(given).expanduser().exists():
            raise FileNotFoundError(f'{given} does not exist.')
    from rich.progress import track

    from mtkd import atomic
    from mtkd.deploy import MultiTaskInferencer
    from mtkd.deploy.prediction_files import write_prediction
    os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')  # mtkd reports errors in videos itself
    predict = MultiTaskInferencer(arguments.config, checkpoint, arguments.device, arguments.batch_size,
                                  arguments.cfg_options)
    arguments.out.mkdir(parents=True, exist_ok=True)
    index: list[dict] = []
    with warnings.catch_warnings(record=True) as notes:
        try:
            for prediction in track(predict.stream(inputs), description='predicting'):
                index.append(write_prediction(prediction, arguments.out, len(index), not arguments.no_values))
        finally:  # if a file is broken, the index lists what was written before
            atomic.write_text(arguments.out / 'predictions.json', json.dumps(index, indent=1) + '\n')
            for note in notes:
                print(f'note: {note.message}', file=sys.stderr)
    print(f'{len(index)} image{"" if len(index) == 1 else "s"}, tasks {", ".join(predict.tasks)}: {arguments.out}')
    return 0
