"""Train a config: a teacher, a student alone, or a student with its teachers."""

import argparse
from pathlib import Path

from .options import job_arguments, job_settings, trackers

EXAMPLE = """\
examples:
  mtkd train configs/kdam/swinT_from_swinL_nyud.py --data-root data --with-prerequisites
  mtkd train configs/quickstart/student_kdam.py --with-prerequisites --cfg-options teachers.resnet18.train_cfg.max_iters=400
  mtkd train configs/kdam/swinT_from_swinL_nyud.py --smoke
  mtkd train configs/quickstart/student.py --log wandb,mlflow
  torchrun --nproc-per-node 2 -m mtkd train configs/baselines/mt_hrnet18_nyud.py --launcher pytorch
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file')
    job_arguments(parser)
    parser.add_argument('--resume', action='store_true', help="continue from the work dir's newest valid checkpoint, if any")
    parser.add_argument('--resume-from', type=Path, metavar='CKPT', help='continue from this checkpoint')
    parser.add_argument('--overwrite', action='store_true', help='delete the run in the work dir and start again')
    parser.add_argument('--take-config', action='store_true',
                        help='with --resume: if schedule, optimizer settings or seed of the config differ from those of the '
                             'checkpoint, use those of the config (default: a difference is an error)')
    parser.add_argument('--log', type=trackers, default=(), metavar='NAMES',
                        help='experiment trackers to log to, separated by commas: tensorboard, wandb, mlflow, aim, '
                             'clearml, neptune, dvclive; WANDB_MODE=offline and MLFLOW_TRACKING_URI apply (default: the '
                             'JSON log, and TensorBoard if it is installed)')
    parser.add_argument('--with-prerequisites', action='store_true',
                        help='first train missing teachers, run missing searches, and make missing pseudo-labels and caches')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    if arguments.with_prerequisites and arguments.launcher != 'none':
        raise ValueError('--with-prerequisites runs in a single process: first run the same command without --launcher, or '
                         'train the missing teachers with the commands in the error message without it.')
    if arguments.take_config and not (arguments.resume or arguments.resume_from):
        raise ValueError('--take-config applies to resumed runs only: add --resume or --resume-from, or leave it out.')
    from mtkd.engine.run import Job, train
    folder = train(Job(**job_settings(arguments)))
    print(f'done: {folder}')
    return 0
