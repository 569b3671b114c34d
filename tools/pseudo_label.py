"""Make a config's pseudo-labels: what its teacher says of every training sample that lacks a label, kept in files."""

import argparse
import sys
from pathlib import Path

from mmengine.config import DictAction

from mtkd.engine import cli
from mtkd.engine.config import default_data_root, load_config
from mtkd.engine.pseudo_make import make_pseudo_labels

EXAMPLE = """\
examples:
  python tools/pseudo_label.py configs/distill_2md_mtl/fairface_mt_all_distill.py --data-root data
  python tools/pseudo_label.py configs/distill_2md_mtl/fairface_st_age_all_distill.py --seed 1 --csv

The config's pseudo_labels name the teacher, which has to be trained. One file a data set; what is there and fits is kept, a
stopped run goes on where it was. tools/train.py CONFIG --with-prerequisites does all of it.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help="the student's config")
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help="the student's seed: the teacher is that of the same seed, or of seed 0 (default: 0)")
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help="folder that holds the data sets' folders (default: MTKD_DATA_ROOT, or data)")
    parser.add_argument('--csv', action='store_true', help='also write the labels as text, one line a sample and task')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='K=V',
                        help='change config values, e.g. pseudo_labels.tau=0.8; an unknown key is an error')
    arguments = parser.parse_args()
    cfg = load_config(arguments.config, arguments.cfg_options)
    made = make_pseudo_labels(cfg, arguments.seed, arguments.data_root or default_data_root(), as_csv=arguments.csv)
    if not made:
        raise ValueError(f"{arguments.config} has no pseudo-labels to make: it lacks pseudo_labels=dict(teacher=dict(config="
                         f"'configs/...')).")
    return 0


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
