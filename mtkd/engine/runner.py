"""MMEngine's Runner, with a saved config that can be loaded again, and loader workers that are shielded from signals."""

import math
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from .. import atomic
from .console import live, quieten, verbose
from .stopping import shield_workers

_MARK = '__float_{}__'


class TaskRunner(Runner):
    """The Runner of all jobs; see the module."""

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """As in MMEngine; the console shows only progress and warnings unless the user requests more."""
        logger = super().build_logger(*args, **kwargs)
        if not verbose():
            quieten(logger, lines=not live())
        return logger

    @master_only
    def dump_config(self) -> None:
        """Write the config to the work dir, in a form that loads to the same config."""
        name = Path(self.cfg.filename).name if self.cfg.filename is not None else f'{self.timestamp}.py'
        atomic.write_text(Path(self.work_dir) / name, config_text(self.cfg))

    @staticmethod
    def build_dataloader(dataloader: Any, *args: Any, **kwargs: Any) -> DataLoader:
        """As in MMEngine, with workers that are shielded from signals."""
        return shield_workers(Runner.build_dataloader(dataloader, *args, **kwargs))


def config_text(cfg: Config) -> str:
    """A config as Python text that loads to the same values; MMEngine's text contains bare ``inf`` and ``nan``."""
    text = Config(_marked(cfg.to_dict())).pretty_text
    for name in ('inf', '-inf', 'nan'):
        text = text.replace(repr(_MARK.format(name)), f"float('{name}')")
    return text


def _marked(value: Any) -> Any:
    """A copy in which numbers without a Python literal are replaced by strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return _MARK.format('nan' if math.isnan(value) else 'inf' if value > 0 else '-inf')
    if isinstance(value, dict):
        return {key: _marked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_marked(inner) for inner in value)
    return value
