"""What must exist before a run: the interface through which the engine finds, makes and uses it.

The kinds of prerequisites are in ``mtkd/prerequisites/`` and register themselves in
:data:`~mtkd.registry.PREREQUISITES`, where a plug-in may add its own. The engine knows this interface alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..registry import PREREQUISITES


class MissingPrerequisite(FileNotFoundError):
    """Something that a run needs has not been made yet; the message names the command that makes it."""


@dataclass(frozen=True)
class Circumstances:
    """Where and how a run takes place, as far as its prerequisites have to know.

    Attributes:
        seed: of the run.
        data_root: folder that holds the data sets' folders; None: the default one.
        amp: the precision that the user asked for; None: the config's choice.
    """

    seed: int
    data_root: Path | None = None
    amp: str | None = None


class Prerequisite(ABC):
    """One kind of prerequisite.

    Attributes:
        order: kinds with a smaller number are made and resolved first.
        keys: the top-level config keys that this kind reads.
        prefixes: what ``--cfg-options`` begin with that reach this kind, as in ``teachers.NAME.KEY=VALUE``.
    """

    order: int = 0
    keys: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()

    @abstractmethod
    def needed(self, cfg: Config) -> bool:
        """Whether a loaded config asks for this kind."""

    @abstractmethod
    def made(self, cfg: Config, where: Circumstances) -> bool:
        """Whether everything is there. False where only :meth:`make` can tell, which keeps what fits."""

    @abstractmethod
    def make(self, cfg: Config, where: Circumstances) -> None:
        """Make what is missing.

        Raises:
            RuntimeError: it could not be made.
        """

    def configure(self, cfg: Config, options: Mapping[str, Any]) -> None:
        """Write the command line's options for this kind into a loaded config.

        Args:
            cfg: a loaded config; it is changed.
            options: dotted key, which begins with one of :attr:`prefixes`, -> value.

        Raises:
            ValueError: a key names nothing, or nothing reads it.
        """
        if options:
            raise ValueError(f'--cfg-options {next(iter(options))}: nothing reads it.')

    def resolve(self, cfg: Config, seed: int, *, random: bool, network_only: bool) -> Config:
        """Put what was made into a copy of a loaded config, in the place of the names that the config gives.

        Args:
            cfg: a loaded config; it is left as it is.
            seed: of the run.
            random: put random weights there instead, to try a config whose prerequisites have not been made.
            network_only: only what the network itself needs, which it is not deployed without.

        Raises:
            MissingPrerequisite: something has not been made.
        """
        return cfg

    def connect(self, cfg: Config, seed: int, *, random: bool) -> Config:
        """Let the training of a prepared config read what was made. See :meth:`resolve` for the arguments."""
        return cfg

    def teachers(self, cfg: Config) -> tuple[str, ...]:
        """Names of what a config distils from by this kind, for the record of its results."""
        return ()


def kinds() -> list[Prerequisite]:
    """All kinds of prerequisites, in their order."""
    PREREQUISITES.import_from_location()
    return sorted((PREREQUISITES.build({'type': name}) for name in PREREQUISITES.module_dict), key=lambda kind: kind.order)


def make_missing(cfg: Config, where: Circumstances) -> None:
    """Make everything that a loaded config needs and that is not there."""
    for kind in kinds():
        if kind.needed(cfg) and not kind.made(cfg, where):
            kind.make(cfg, where)


def resolved(cfg: Config, seed: int, *, random: bool = False, network_only: bool = False) -> Config:
    """A loaded config with everything that was made in the place of its name, see :meth:`Prerequisite.resolve`."""
    for kind in kinds():
        if kind.needed(cfg):
            cfg = kind.resolve(cfg, seed, random=random, network_only=network_only)
    return cfg


def connected(cfg: Config, seed: int, *, random: bool = False) -> Config:
    """A prepared config whose training reads everything that was made, see :meth:`Prerequisite.connect`."""
    for kind in kinds():
        if kind.needed(cfg):
            cfg = kind.connect(cfg, seed, random=random)
    return cfg


def teacher_names(cfg: Config) -> tuple[str, ...]:
    """The names of what a config distils from, for the record of its results."""
    return tuple(name for kind in kinds() for name in kind.teachers(cfg))
