"""Selection of the compared networks, by patterns of configs and by names. Reads configs as text; imports nothing heavy."""

from collections.abc import Sequence
from pathlib import Path

from ...config_files import facts, matching_configs
from ...config_text import check

BASELINE = 'configs/baselines/mt_mobilenetv3_nyud114.py'
COMPARED = (BASELINE, 'configs/baselines/*_mobilenetv3_nyud114*.py', 'configs/baselines/*_full_resnet18_nyud114.py')
"""Networks compared by default: the multi-task networks for NYUD at 114x154, starting with the shared encoder."""


def check_named(patterns: Sequence[str], only: Sequence[str]) -> None:
    """Check that each pattern matches configs that can be parsed, and that each name belongs to one of them.

    Args:
        patterns: files, or patterns of files.
        only: stems of the configs, or their methods.

    Raises:
        ValueError: no config matches a pattern, a config cannot be parsed, or a name is unknown. Names are checked only if
            the text of every config gives its method; otherwise
            :func:`~mtkd.studies.networks.comparators.choose_comparators` checks them.
    """
    files = [Path(file) for pattern in patterns for file in matching_configs(pattern)]
    for file in files:
        check(file, {})
    methods = {file.stem: facts(file, file.stem).method for file in files}
    known = {*methods, *methods.values()}
    for name in only:
        if all(methods.values()) and name not in known and name.partition(' [')[0] not in known:
            raise ValueError(f"--only {name}: there is no such network; there are "
                             f"{', '.join(f'{stem} ({method})' for stem, method in methods.items())}.")
