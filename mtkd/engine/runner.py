"""MMEngine's Runner, with a config on the disk that loads again, and loader workers that outlive signals."""

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
    """The Runner of every job; see the module."""

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """As MMEngine's; the screen shows progress and warnings alone unless the user asks for more."""
        logger = super().build_logger(*args, **kwargs)
        if not verbose():
            quieten(logger, lines=not live())
        return logger

    @master_only
    def dump_config(self) -> None:
        """Write the config into the work dir, in a form that loads to the same config."""
        name = Path(self.cfg.filename).name if self.cfg.filename is not None else f'{self.timestamp}.py'
        atomic.write_text(Path(self.work_dir) / name, config_text(self.cfg))

    @staticmethod
    def build_dataloader(dataloader: Any, *args: Any, **kwargs: Any) -> DataLoader:
        """As MMEngine's; its workers are shielded from signals."""
        return shield_workers(Runner.build_dataloader(dataloader, *args, **kwargs))


def config_text(cfg: Config) -> str:
    """A config as Python text that loads to the same values; MMEngine's own text has a bare ``inf`` and ``nan`` in it."""
    text = Config(_marked(cfg.to_dict())).pretty_text
    for name in ('inf', '-inf', 'nan'):
        text = text.replace(repr(_MARK.format(name)), f"float('{name}')")
    return text


def _marked(value: Any) -> Any:
    """A copy in which numbers that Python has no literal for are strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return _MARK.format('nan' if math.isnan(value) else 'inf' if value > 0 else '-inf')
    if isinstance(value, dict):
        return {key: _marked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_marked(inner) for inner in value)
    return value
