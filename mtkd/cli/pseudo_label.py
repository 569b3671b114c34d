"""Write the pseudo-labels of a config: the teacher's predictions for training samples that lack a label."""

import argparse

from .options import cfg_options, data_root, quick

EXAMPLE = """\
examples:
  mtkd pseudo-label configs/distill_2md_mtl/fairface_mt_all_distill.py --data-root data
  mtkd pseudo-label configs/distill_2md_mtl/fairface_st_age_all_distill.py --seed 1 --csv

The key pseudo_labels of the config names the teacher, which must already be trained. One file is written per data set.
Complete files that match the config are kept, and an interrupted run continues. mtkd train CONFIG --with-prerequisites
trains the teacher and writes the pseudo-labels too.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help="the student's config")
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help="the student's seed; the teacher has the same seed, or else seed 0 (default: 0)")
    data_root(parser)
    parser.add_argument('--csv', action='store_true', help='also write a CSV file with one line per sample and task')
    quick(parser)
    cfg_options(parser, 'change config values, e.g. pseudo_labels.tau=0.8; an unknown key is an error')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.engine.config import default_data_root, load_config
    from mtkd.prerequisites.pseudo_labels.make import make_pseudo_labels
    cfg = load_config(arguments.config, arguments.cfg_options, quick=arguments.quick)
    made = make_pseudo_labels(cfg, arguments.seed, arguments.data_root or default_data_root(), as_csv=arguments.csv)
    if not made:
        raise ValueError(f"{arguments.config} has no pseudo-labels to make: it lacks pseudo_labels=dict(teacher=dict(config="
                         f"'configs/...')).")
    return 0
