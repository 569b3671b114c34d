"""Look at what a config feeds its network: pictures with all their labels, after augmentation."""

import argparse
import sys
from pathlib import Path

from mmengine.config import DictAction

from mtkd.engine import cli
from mtkd.engine.config import default_work_dir
from mtkd.studies.browse import SPLITS, browse, open_split, report

EXAMPLE = """\
examples:
  python tools/browse_dataset.py configs/baselines/mt_hrnet18_nyud.py --data-root data
  python tools/browse_dataset.py configs/baselines/mt_hrnet18_nyud.py --num 2 --draws 4 --overlay
  python tools/browse_dataset.py configs/baselines/mt_hrnet18_pascal.py --smoke
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file')
    parser.add_argument('--split', choices=SPLITS, default='train', help="which of the config's loaders (default: train)")
    parser.add_argument('--num', type=_positive, default=8, metavar='N', help='how many samples (default: 8)')
    parser.add_argument('--draws', type=_positive, default=1, metavar='K', help='augment each sample K times (default: 1)')
    parser.add_argument('--overlay', action='store_true', help='lay labels over the picture, to see whether they fit')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='of the choice of samples and of the augmentation (default: 0)')
    parser.add_argument('--data-root', type=Path, metavar='DIR',
                        help="folder that holds the data sets' folders (default: MTKD_DATA_ROOT, or data)")
    parser.add_argument('--out', type=Path, metavar='DIR',
                        help='where the panels go (default: work_dirs/<config name>/browse)')
    parser.add_argument('--smoke', action='store_true', help='the synthetic stand-in; no data needed')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={}, metavar='K=V',
                        help='change config values; an unknown key is an error')
    arguments = parser.parse_args()
    tasks, dataset = open_split(arguments.config, arguments.split, options=arguments.cfg_options, seed=arguments.seed,
                                data_root=arguments.data_root, smoke=arguments.smoke)
    folder = arguments.out or default_work_dir(arguments.config, arguments.seed).parent / 'browse'
    seen = browse(tasks, dataset, folder, stem=arguments.split, num=arguments.num, draws=arguments.draws,
                  seed=arguments.seed, overlay=arguments.overlay)
    print(f'{seen.name}, {arguments.split}: {seen.size} samples, {min(arguments.num, seen.size)} looked at')
    print(report(seen))
    print('panels:', *seen.panels)
    return 0


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive whole number")
    return int(text)


if __name__ == '__main__':
    sys.exit(cli.exit_code(main))
