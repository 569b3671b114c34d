"""Score a checkpoint on its config's test set and write results.json."""

import argparse
from pathlib import Path

from .options import job_arguments, job_settings

EXAMPLE = """\
examples:
  mtkd test configs/baselines/mt_hrnet18_nyud.py work_dirs/mt_hrnet18_nyud/seed0/final.pth --data-root data
  mtkd test CONFIG CHECKPOINT --show-dir images --num-pictures 8
  mtkd test CONFIG CHECKPOINT --cfg-options test_dataloader.dataset.domain=blur --out results_blur.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file the checkpoint was trained with')
    parser.add_argument('checkpoint', type=Path, help='final.pth or iter_N.pth')
    job_arguments(parser, "'test' in the folder of the checkpoint")
    parser.add_argument('--out', type=Path, metavar='FILE',
                        help='file to write, e.g. results_other.json for another test set; a name without a folder is '
                             'placed in the folder of the checkpoint (default: results.json)')
    parser.add_argument('--show-dir', type=Path, metavar='DIR',
                        help='folder for images of predictions and labels (default: no images are written)')
    parser.add_argument('--num-pictures', type=int, default=16, metavar='N', help='number of images (default: 16)')
    parser.add_argument('--show-teachers', action='store_true', help="show the teachers' predictions below the student's")


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.show_teachers and arguments.show_dir is None:
        raise ValueError('--show-teachers adds the teachers to the images in --show-dir: add --show-dir.')
    from mmengine.dist import is_main_process

    from mtkd.engine.record import describe
    from mtkd.engine.run import Job, test
    from mtkd.leaderboard import Result
    job = Job(**job_settings(arguments))
    if arguments.work_dir is None:
        job.work_dir = arguments.checkpoint.parent / 'test'
    facts = test(job, arguments.checkpoint, arguments.show_dir, arguments.num_pictures,
                 arguments.show_teachers)
    if not is_main_process():
        return 0
    result = Result.of(facts.metrics, **describe(facts, job.config))
    out = arguments.out or Path('results.json')
    out = arguments.checkpoint.parent / out if out.parent == Path() else out
    result.write(out)
    for task, numbers in facts.metrics.items():
        print(f'{task:12s}' + '  '.join(f'{name} {value:.4g} {unit}'.rstrip() for name, (value, unit, _) in numbers.items()))
    print(f'written: {out} ({facts.protocol})')
    return 0
