"""``mtkd doctor --data CONFIG``: what the labels of a config's data sets hold, what is odd, and a contact sheet."""

import warnings
from pathlib import Path

from ..datasets import BadData
from ..datasets.plausible import WRONG, examine
from ..engine.config import load_config
from ..engine.first_batches import check_tasks, leaves
from .browse import SPLITS, browse, open_split, report

SAMPLES = 64  # of each data set whose maps are looked at
SHOWN = 6  # samples on a contact sheet


def look(config: str, out: Path, data_root: Path | None = None) -> tuple[str, bool]:
    """Look at the data of a config's loaders.

    Args:
        config: config file.
        out: folder of the contact sheets, ``<split>_00.png``.
        data_root: folder that holds the data sets' folders; None: MTKD_DATA_ROOT or ``data``.

    Returns:
        What there is to say, and whether nothing of it is wrong.

    Raises:
        FileNotFoundError: there is no such config.
        ValueError: the config cannot be read or prepared.
    """
    cfg = load_config(config)
    lines, right = [], True
    for split in SPLITS:
        if not cfg.get(f'{split}_dataloader'):
            continue
        lines.append(f'{split}_dataloader')
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')  # what is odd is found again below, in more samples
                tasks, dataset = open_split(config, split, data_root=data_root)
                dataset.full_init()
                if split == 'train':
                    check_tasks(list(leaves(dataset)), tasks)
            for leaf in leaves(dataset):
                lines.append(f'  {leaf.name}: {len(leaf)} samples, labelled for {", ".join(sorted(leaf.serves))}')
                for finding in examine(leaf, SAMPLES, None):
                    right = right and finding.state != WRONG
                    lines.append(f'  {"WRONG" if finding.state == WRONG else "odd"}: {finding}')
            seen = browse(tasks, dataset, out, stem=split, num=SHOWN)
            lines += [f'  {line}' for line in report(seen).splitlines()]
            lines.append(f'  contact sheet: {", ".join(str(panel) for panel in seen.panels)}')
        except (BadData, FileNotFoundError, ValueError) as error:
            right = False
            lines.append(f'  WRONG: {error}')
    return '\n'.join(lines), right
