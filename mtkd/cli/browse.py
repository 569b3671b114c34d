"""Show the training samples of a config: images with all their labels, after augmentation."""

import argparse
from pathlib import Path

from .options import cfg_options, data_root, positive

SPLITS = ('train', 'val', 'test')

EXAMPLE = """\
examples:
  mtkd browse configs/baselines/mt_hrnet18_nyud.py --data-root data
  mtkd browse configs/baselines/mt_hrnet18_nyud.py --num 2 --draws 4 --overlay
  mtkd browse configs/baselines/mt_hrnet18_pascal.py --smoke
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('config', help='config file')
    parser.add_argument('--split', choices=SPLITS, default='train', help="the config's dataloader to read (default: train)")
    parser.add_argument('--num', type=positive, default=8, metavar='N', help='number of samples (default: 8)')
    parser.add_argument('--draws', type=positive, default=1, metavar='K', help='augment each sample K times (default: 1)')
    parser.add_argument('--overlay', action='store_true', help='draw labels over the image, to check that they are aligned')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='seed of the choice of samples and of the augmentation (default: 0)')
    data_root(parser)
    parser.add_argument('--out', type=Path, metavar='DIR',
                        help='folder to write the panels to (default: work_dirs/<config name>/browse)')
    parser.add_argument('--smoke', action='store_true', help='use synthetic data; no data set is needed')
    cfg_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    from mtkd.engine.config import default_work_dir
    from mtkd.studies.browse import browse, open_split, report
    tasks, dataset = open_split(arguments.config, arguments.split, options=arguments.cfg_options, seed=arguments.seed,
                                data_root=arguments.data_root, smoke=arguments.smoke)
    folder = arguments.out or default_work_dir(arguments.config, arguments.seed).parent / 'browse'
    seen = browse(tasks, dataset, folder, stem=arguments.split, num=arguments.num, draws=arguments.draws,
                  seed=arguments.seed, overlay=arguments.overlay)
    print(f'{seen.name}, {arguments.split}: {seen.size} samples, {min(arguments.num, seen.size)} shown')
    print(report(seen))
    print('panels:', *seen.panels)
    return 0
