"""Work items of a sweep, their order, and their completion."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ... import atomic
from ...config_files import command
from ...engine.checkpoint import FINAL
from ...engine.config import config_hash, load_config, short_path
from ...engine.options import argument
from ...prerequisites.earlier_runs import PSEUDO, earlier_runs, refuse_other
from .points import Point, Sweep, value_text

RESULTS = 'results.json'
SMOKE_RESULTS = 'smoke.json'  # a file name that leaderboards ignore
BEGUN = 'run.json'


@dataclass(frozen=True)
class Settings:
    """Command-line settings of all runs.

    Attributes:
        data_root: folder that contains the folders of the data sets.
        amp: mixed precision.
        smoke: a few iterations on synthetic data, in a separate folder.
        quick: shorten every run and its teachers, in a separate folder.
    """

    data_root: Path | None = None
    amp: str | None = None
    smoke: bool = False
    quick: bool = False

    def __post_init__(self) -> None:
        if self.smoke and self.quick:
            raise ValueError('--smoke uses synthetic data and --quick the data of the configs: give one of them.')

    @property
    def shared(self) -> list[str]:
        """Arguments of ``mtkd train`` for the prerequisites of a run, whose commands already contain ``--quick``."""
        given = ['--data-root', str(self.data_root.absolute())] if self.data_root else []
        return given + (['--amp', self.amp] if self.amp else []) + (['--smoke'] if self.smoke else [])

    @property
    def arguments(self) -> list[str]:
        """Arguments of ``mtkd train`` and ``mtkd test``."""
        return self.shared + (['--quick'] if self.quick else [])


@dataclass(frozen=True)
class Step:
    """A command and the file that marks its completion."""

    command: tuple[str, ...]
    outcome: Path

    @property
    def done(self) -> bool:
        """Whether the file exists and is complete."""
        return complete(self.outcome)


@dataclass
class Work:
    """A sequence of steps in one folder.

    Attributes:
        name: name of the work item, unique in the sweep.
        folder: output folder, with its lock and log.
        steps: the steps; completed ones are skipped.
        needs: names of its dependencies.
        alone: whether it must not run at the same time as another such item, because both write the same cache.
        iterations: number of iterations of its training, for the live table; 0: unknown.
        point, seed: point and seed of the sweep; None: a teacher.
        begun: description of the run for later comparison (``run.json``).
    """

    name: str
    folder: Path
    steps: list[Step]
    needs: list[str] = field(default_factory=list)
    alone: bool = False
    iterations: int = 0
    point: Point | None = None
    seed: int = 0
    begun: dict[str, Any] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """The log of its commands."""
        return self.folder / 'sweep.log'

    @property
    def done(self) -> bool:
        """Whether its last outcome exists and is complete."""
        return self.steps[-1].done


@dataclass(frozen=True)
class Plan:
    """All work items of a sweep: missing teachers first, then its runs by seed and in the order of the points."""

    works: list[Work]
    root: Path
    results: str

    @property
    def runs(self) -> list[Work]:
        """The runs of the sweep, without teachers."""
        return [work for work in self.works if work.point is not None]


def complete(outcome: Path) -> bool:
    """Whether a file exists and, if its name ends in .json, is valid JSON."""
    if outcome.suffix == '.json' and outcome.is_file():
        try:
            json.loads(outcome.read_text(encoding='utf-8'))
        except ValueError:
            return False
    return outcome.is_file()


def make_plan(sweep: Sweep, settings: Settings) -> Plan:
    """Load the config of every point and create the work items.

    All points of the first seed come first, so that a sweep that is stopped early covers all of them.

    Raises:
        FileNotFoundError: a config, or an explicitly given checkpoint of a teacher, does not exist.
        ValueError: an option is unknown, or a folder was started with other settings.
    """
    root = sweep.root / 'smoke' if settings.smoke else sweep.root / 'quick' if settings.quick else sweep.root
    results = SMOKE_RESULTS if settings.smoke else RESULTS
    works: dict[str, Work] = {}
    runs: list[Work] = []
    for point in sweep.points:
        cfg = _config_of(point, sweep.file, settings.quick)
        for seed in sweep.seeds:
            needs = [] if settings.smoke else _teachers(cfg, seed, settings, works)
            runs.append(_run(cfg, point, seed, root / point.slug / f'seed{seed}', settings, results, needs))
    runs.sort(key=lambda work: sweep.seeds.index(work.seed))
    return Plan([*works.values(), *runs], root, results)


def _config_of(point: Point, beside: Path, quick: bool = False) -> Config:
    try:
        cfg = load_config(point.config, point.options, beside, quick=quick)
    except ValueError as error:
        raise ValueError(f'{point.label}: {error}') from None
    if not cfg.get('tasks') or not cfg.get('model'):
        raise ValueError(f'{point.label}: {point.config} is not a training config.')
    return cfg


def _run(cfg: Config, point: Point, seed: int, folder: Path, settings: Settings, results: str, needs: list[str]) -> Work:
    method = point.method(str(cfg.get('method', Path(point.config).stem)))
    options = [argument(key, value) for key, value in {**point.options, 'method': method}.items()]
    config = str(Path(cfg.filename).absolute())
    shared = ['--seed', str(seed), *settings.arguments]
    ending = ['--cfg-options', *options]
    train = [*command('train'), config, '--work-dir', str(folder), *shared, '--resume', '--with-prerequisites', *ending]
    test = [*command('test'), config, str(folder / FINAL), *shared, '--out', str(folder / results), *ending]
    begun = {'config': short_path(Path(config)), 'options': options, 'seed': seed, 'arguments': settings.arguments,
             'config_sha256': config_hash(cfg.to_dict())}
    _check_begun(folder, begun)
    alone = not settings.smoke and bool(cfg.get(PSEUDO) or cfg.get('teacher_cache'))
    return Work(name=f'{point.slug}/seed{seed}', folder=folder, needs=needs, alone=alone, point=point, seed=seed,
                steps=[Step(tuple(train), folder / FINAL), Step(tuple(test), folder / results)],
                iterations=_iterations(cfg), begun=begun)


def _iterations(cfg: Config) -> int:
    return int((cfg.get('train_cfg') or {}).get('max_iters') or 0)


def _check_begun(folder: Path, now: Mapping[str, Any]) -> None:
    """Check that a folder was not started with other settings.

    Raises:
        ValueError: the settings have changed; the message says how.
    """
    file = folder / BEGUN
    if not complete(file):
        return
    then = json.loads(file.read_text(encoding='utf-8'))
    for key, value in now.items():
        if then.get(key) != value:
            if key == 'config_sha256':
                what = f'another version of {now["config"]} or of its bases'
            else:
                what = f'{key} {value_text(then.get(key))}, and now it is {value_text(value)}'
            raise ValueError(f'{folder} was started with {what}: give the sweep file another name, or remove that folder to '
                             f'run it again.')


def note_begun(work: Work) -> None:
    """Record the settings of a run at its start, so that :func:`make_plan` can detect changes."""
    file = work.folder / BEGUN
    if work.begun and not complete(file):
        atomic.write_text(file, json.dumps(work.begun, indent=1) + '\n')


def _teachers(cfg: Config, seed: int, settings: Settings, works: dict[str, Work]) -> list[str]:
    """The work items that train a config's missing teachers, after their own teachers; new ones are added to ``works``.

    Each teacher is one work item, even if several runs depend on it: two processes must not train it at the same time.
    """
    names = []
    for needed in earlier_runs(cfg, seed):
        if needed.checkpoint is not None:
            continue
        refuse_other(cfg, needed)
        folder = needed.folder.absolute()
        name = f'teacher {folder.parent.name}/{folder.name}'
        if name not in works:
            own = needed.load()
            above = _teachers(own, needed.seed, settings, works)
            works[name] = Work(name, folder, [Step(tuple(needed.training(settings.shared)), folder / FINAL)], above,
                               seed=needed.seed, iterations=_iterations(own))
        names.append(name)
    return names
