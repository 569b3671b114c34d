"""Teachers before students: a student's config names its teachers' configs, and their checkpoints are found or made."""

import copy
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .checkpoint import FINAL
from .config import REPOSITORY, default_work_dir, load_config


class MissingTeacher(FileNotFoundError):
    """A student's teacher has not been trained yet; the message says which command does it."""


@dataclass(frozen=True)
class Prerequisite:
    """A config that must have been trained before another.

    Attributes:
        name: the teacher's name in the student's config.
        config: the teacher's config file.
        seed: the seed it is to be trained with when it is missing.
        checkpoint: its weights, or None while there are none.
    """

    name: str
    config: Path
    seed: int
    checkpoint: Path | None

    @property
    def command(self) -> str:
        """What trains it."""
        return f'python tools/train.py {_short(self.config)}' + (f' --seed {self.seed}' if self.seed else '')


def _short(config: Path) -> str:
    for base in (Path.cwd(), REPOSITORY):
        if config.is_relative_to(base):
            return str(config.relative_to(base))
    return str(config)


def _teachers_of(cfg: Config) -> Mapping[str, Any]:
    return ((cfg.model.get('distiller') or {}).get('teachers')) or {}


def prerequisites(cfg: Config, seed: int) -> list[Prerequisite]:
    """What a config's teachers need, in the order it names them.

    A teacher's weights are the config's ``checkpoint``, or ``final.pth`` in the work dir of the teacher's own config: of
    the same seed first, then of seed 0.

    Raises:
        FileNotFoundError: a checkpoint the config names outright does not exist.
    """
    found = []
    for name, teacher in _teachers_of(cfg).items():
        if not teacher.get('config'):
            continue
        config = load_config(teacher['config'], beside=Path(cfg.filename)).filename
        if teacher.get('checkpoint'):
            checkpoint: Path | None = Path(teacher['checkpoint'])
            if not Path(teacher['checkpoint']).is_file():
                raise MissingTeacher(f"teacher '{name}': the checkpoint {checkpoint} does not exist; correct "
                                     f'model.distiller.teachers.{name}.checkpoint.')
        else:
            places = [default_work_dir(config, s) / FINAL for s in dict.fromkeys((seed, 0))]
            checkpoint = next((place for place in places if place.is_file()), None)
        found.append(Prerequisite(name, Path(config), 0, checkpoint))
    return found


def train_missing(cfg: Config, seed: int, arguments: list[str]) -> None:
    """Train the teachers that are missing, each in a process of its own; one that was stopped goes on where it was.

    Args:
        cfg: the student's config.
        seed: the student's seed.
        arguments: further arguments of ``tools/train.py`` for the teachers (data root, precision).

    Raises:
        RuntimeError: a teacher's training failed.
    """
    for needed in prerequisites(cfg, seed):
        if needed.checkpoint is None:
            command = [sys.executable, str(REPOSITORY / 'tools' / 'train.py'), str(needed.config), '--seed',
                       str(needed.seed), '--resume', '--with-prerequisites', *arguments]
            print(f"teacher '{needed.name}' is missing; training it first: {needed.command}", flush=True)
            if subprocess.run(command, check=False).returncode:
                raise RuntimeError(f"training the teacher '{needed.name}' failed; its own messages are above. "
                                   f'To try it alone: {needed.command}')


def resolve_teachers(cfg: Config, seed: int, *, random: bool = False) -> Config:
    """Put each teacher's network, tasks, normalisation and checkpoint in the place of its config's name.

    Args:
        cfg: the student's config; it is left as it is.
        seed: the student's seed.
        random: give teachers random weights (for trying a config without its teachers).

    Raises:
        MissingTeacher: a teacher has not been trained; the message names the command.
    """
    cfg = copy.deepcopy(cfg)
    needed = {p.name: p for p in prerequisites(cfg, seed)} if not random else {}
    for name, teacher in _teachers_of(cfg).items():
        if not teacher.get('config'):
            continue
        own = load_config(teacher['config'], beside=Path(cfg.filename))
        net = copy.deepcopy(own.model.net)
        net.backbone.update({key: value for key, value in (('pretrained', False), ('checkpoint', None))
                             if key in net.backbone})
        teacher.setdefault('type', 'MultiTaskTeacher')
        teacher.net, teacher.tasks = net, copy.deepcopy(own.tasks)
        for key in ('mean', 'std', 'channels_last'):
            if key in (own.model.get('data_preprocessor') or {}):
                teacher[key] = own.model.data_preprocessor[key]
        teacher.pop('config')
        if random:
            teacher.update(checkpoint=None, allow_random=True)
            continue
        if needed[name].checkpoint is None:
            raise MissingTeacher(
                f"teacher '{name}' of {_short(Path(cfg.filename))} has no checkpoint in "
                f'{default_work_dir(needed[name].config, seed).parent}; train it with: {needed[name].command} '
                f'(or add --with-prerequisites to this command, or name its file with --cfg-options '
                f'model.distiller.teachers.{name}.checkpoint=FILE).')
        teacher.checkpoint = str(needed[name].checkpoint)
        teacher.made_by = _short(needed[name].config)
    return cfg
