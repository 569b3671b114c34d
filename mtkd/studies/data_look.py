"""``mtkd doctor --data CONFIG``: label statistics of a config's data sets, anomalies, and a contact sheet."""

import warnings
from pathlib import Path

from ..datasets import BadData
from ..datasets.plausible import WRONG, examine
from ..engine.config import load_config
from ..engine.first_batches import check_tasks, leaves
from .browse import SPLITS, browse, open_split, report

SAMPLES = 64  # number of inspected samples per data set with dense labels
SHOWN = 6  # number of samples on a contact sheet


def look(config: str, out: Path, data_root: Path | None = None) -> tuple[str, bool]:
    """Inspect the data of a config's loaders.

    Args:
        config: config file.
        out: output folder of the contact sheets, ``<split>_00.png``.
        data_root: folder that contains the folders of the data sets; None: MTKD_DATA_ROOT or ``data``.

    Returns:
        The report, and whether no error was found.

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
                warnings.simplefilter('ignore')  # anomalies are detected again below, in more samples
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
