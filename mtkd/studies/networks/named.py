"""Which networks are compared: configs by patterns, and names of networks. Reads files as text; imports nothing heavy."""

from collections.abc import Sequence
from pathlib import Path

from ...config_files import facts, matching_configs
from ...config_text import check

BASELINE = 'configs/baselines/mt_mobilenetv3_nyud114.py'
COMPARED = (BASELINE, 'configs/baselines/*_mobilenetv3_nyud114*.py', 'configs/baselines/*_full_resnet18_nyud114.py')
"""The networks of the small pair, the shared encoder first; a new config of this form is one of them."""


def check_named(patterns: Sequence[str], only: Sequence[str]) -> None:
    """Refuse patterns that no config fits, configs that are no Python, and names that no config can have.

    Args:
        patterns: files, or patterns of them.
        only: stems of the configs, or their methods.

    Raises:
        ValueError: names the pattern, the config or the name. A name is refused here only if every config says its method
            in plain text; what is left is for :func:`~mtkd.studies.networks.comparators.choose_comparators`.
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
