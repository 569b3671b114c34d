"""Interface of prerequisites, which must exist before a run: how the engine finds, creates and uses them.

The kinds of prerequisites are in ``mtkd/prerequisites/`` and register themselves in
:data:`~mtkd.registry.PREREQUISITES`, where a plug-in may add its own. The engine depends only on this interface.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..registry import PREREQUISITES


class MissingPrerequisite(FileNotFoundError):
    """A prerequisite of a run does not exist; the message names the command that creates it."""


@dataclass(frozen=True)
class Circumstances:
    """The settings of a run that are relevant for its prerequisites.

    Attributes:
        seed: seed of the run.
        data_root: folder that contains the folders of the data sets; None: the default one.
        amp: the precision requested by the user; None: as in the config.
    """

    seed: int
    data_root: Path | None = None
    amp: str | None = None


class Prerequisite(ABC):
    """One kind of prerequisite.

    Attributes:
        order: kinds with a smaller number are created and resolved first.
        keys: the top-level config keys that this kind reads.
        prefixes: first parts of the ``--cfg-options`` that are passed to this kind, as in ``teachers.NAME.KEY=VALUE``.
    """

    order: int = 0
    keys: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()

    @abstractmethod
    def needed(self, cfg: Config) -> bool:
        """Whether a loaded config needs this kind."""

    @abstractmethod
    def made(self, cfg: Config, where: Circumstances) -> bool:
        """Whether everything exists. False if only :meth:`make` can determine this, which keeps valid parts."""

    @abstractmethod
    def make(self, cfg: Config, where: Circumstances) -> None:
        """Create what is missing.

        Raises:
            RuntimeError: it could not be created.
        """

    def configure(self, cfg: Config, options: Mapping[str, Any]) -> None:
        """Write the command-line options for this kind into a loaded config.

        Args:
            cfg: a loaded config; it is modified.
            options: dotted key -> value; the keys begin with one of :attr:`prefixes`.

        Raises:
            ValueError: a key is unknown or unused.
        """
        if options:
            raise ValueError(f'--cfg-options {next(iter(options))}: nothing reads this key.')

    def resolve(self, cfg: Config, seed: int, *, random: bool, network_only: bool) -> Config:
        """Replace references to this prerequisite in a copy of a loaded config.

        Args:
            cfg: a loaded config; it is not modified.
            seed: seed of the run.
            random: use random weights instead, to try a config whose prerequisites do not exist.
            network_only: only resolve prerequisites of the network itself, which are needed for deployment.

        Raises:
            MissingPrerequisite: a prerequisite does not exist.
        """
        return cfg

    def connect(self, cfg: Config, seed: int, *, random: bool) -> Config:
        """Connect the prerequisite to the training of a prepared config. See :meth:`resolve` for the arguments."""
        return cfg

    def teachers(self, cfg: Config) -> tuple[str, ...]:
        """Names of the teachers that a config has through this kind, for the record of its results."""
        return ()


def kinds() -> list[Prerequisite]:
    """All kinds of prerequisites, in their order."""
    PREREQUISITES.import_from_location()
    return sorted((PREREQUISITES.build({'type': name}) for name in PREREQUISITES.module_dict), key=lambda kind: kind.order)


def make_missing(cfg: Config, where: Circumstances) -> None:
    """Create all missing prerequisites of a loaded config."""
    for kind in kinds():
        if kind.needed(cfg) and not kind.made(cfg, where):
            kind.make(cfg, where)


def resolved(cfg: Config, seed: int, *, random: bool = False, network_only: bool = False) -> Config:
    """A loaded config with all prerequisites resolved, see :meth:`Prerequisite.resolve`."""
    for kind in kinds():
        if kind.needed(cfg):
            cfg = kind.resolve(cfg, seed, random=random, network_only=network_only)
    return cfg


def connected(cfg: Config, seed: int, *, random: bool = False) -> Config:
    """A prepared config with all prerequisites connected, see :meth:`Prerequisite.connect`."""
    for kind in kinds():
        if kind.needed(cfg):
            cfg = kind.connect(cfg, seed, random=random)
    return cfg


def teacher_names(cfg: Config) -> tuple[str, ...]:
    """The names of all teachers of a config, for the record of its results."""
    return tuple(name for kind in kinds() for name in kind.teachers(cfg))
