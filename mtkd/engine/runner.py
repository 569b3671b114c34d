"""MMEngine's Runner with separate logs per run, a saved config that can be loaded, and workers shielded from signals."""

import math
import platform
from collections import Counter
from keyword import iskeyword
from pathlib import Path
from typing import Any, ClassVar

import torch
from mmengine.config import Config
from mmengine.dist import master_only
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from .. import atomic
from .console import live, quieten, verbose
from .record import versions
from .stopping import shield_workers

CONFIG_KEYS = ('sync_bn', 'find_unused_parameters', 'detect_anomalous_params', 'model_wrapper_cfg', 'compile',
               'activation_checkpointing', 'efficient_conv_bn_eval')
"""Top-level config keys that MMEngine's Runner reads besides its arguments."""
_WIDTH, _ENDLESS = 120, 10 ** 9


class _RunConfig(Config):
    """A config whose text in logs, checkpoints and trackers is that of :func:`config_text`."""

    @property
    def pretty_text(self) -> str:
        return config_text(self)


class TaskRunner(Runner):
    """The Runner of all trainings and tests; see the module."""

    _runs: ClassVar[Counter[str]] = Counter()  # number of runs per timestamp
    _timestamp: str

    @classmethod
    def from_cfg(cls, cfg: Config) -> Runner:
        """As in MMEngine."""
        return super().from_cfg(_RunConfig(cfg.to_dict(), filename=cfg.filename))

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """As in MMEngine, with a timestamp that is unique in this process.

        MMEngine names logger, visualiser and log folder after the config and the time in seconds; two runs of the same name
        would share them.
        """
        super().setup_env(env_cfg)
        second = self._timestamp
        self._runs[second] += 1
        if self._runs[second] > 1:
            self._timestamp = f'{second}_{self._runs[second]}'

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """As in MMEngine; the console shows only progress and warnings unless the user requests more."""
        logger = super().build_logger(*args, **kwargs)
        if not verbose():
            quieten(logger, lines=not live())
        return logger

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        """Log versions, devices, seed, ranks and the config.

        MMEngine's function also runs the C compiler and imports distutils, for their versions.
        """
        cuda = torch.cuda.is_available()
        devices = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())] if cuda else ['CPU']
        facts = {'platform': platform.platform(), 'Python': platform.python_version(), **versions(),
                 'devices': ', '.join(devices), 'CUDA': torch.version.cuda if cuda else 'none',
                 'threads': torch.get_num_threads(), **env_cfg, **self._randomness_cfg, 'seed': self.seed,
                 'launcher': self._launcher, 'ranks': self.world_size}
        self.logger.info('environment\n' + '\n'.join(f'    {name}: {value}' for name, value in facts.items()))
        self.logger.info(f'config\n{self.cfg.pretty_text}')

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
    """A config as Python text that loads to the same values.

    MMEngine's ``pretty_text`` contains bare ``inf`` and ``nan``, which Python cannot load, and formats the text with yapf,
    which takes about a second. MMEngine 0.10.7 calls it at the start of a run and for every checkpoint.
    """
    return ''.join(f'{key} = {_written(value, 0, len(key) + 3)}\n' for key, value in cfg.to_dict().items())


def _written(value: Any, indent: int, taken: int) -> str:
    """Python text of a value: on one line if it fits, otherwise with one entry per line.

    Args:
        value: a value of a config.
        indent: indentation of the line in which it begins.
        taken: number of other characters in that line.
    """
    if isinstance(value, dict):
        named = all(str(key).isidentifier() and not iskeyword(str(key)) for key in value)
        opened, closed = ('dict(', ')') if named else ('{', '}')
        entries = [(f'{key}=' if named else f'{key!r}: ', part) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        opened, closed = ('[', ']') if isinstance(value, list) else ('(', ',)' if len(value) == 1 else ')')
        entries = [('', part) for part in value]
    elif isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    else:
        return repr(value)
    short = f'{opened}{", ".join(name + _written(part, 0, -_ENDLESS) for name, part in entries)}{closed}'
    if indent + taken + len(short) <= _WIDTH or not entries:
        return short
    lines = [f'{" " * (indent + 4)}{name}{_written(part, indent + 4, len(name) + 1)},\n' for name, part in entries]
    return f'{opened}\n{"".join(lines)}{" " * indent}{closed[-1]}'
