"""Runs of other configs that a config depends on: teachers given by their configs, and a genotype search."""

import copy
import difflib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..config_files import command
from ..engine.checkpoint import FINAL, meta_of
from ..engine.config import default_work_dir, load_config, short_path, without_pretrained
from ..engine.identity import config_differences, in_words
from ..engine.options import argument
from ..engine.prerequisite import Circumstances, MissingPrerequisite, Prerequisite
from ..engine.quick import is_quick
from ..engine.stopping import run_and_pass_signals_on
from ..models.genotype import GENOTYPE_FILE, any_genotype
from ..registry import PREREQUISITES

CONFIG_KEYS = ('pseudo_labels',)
OPTION_PREFIXES = ('teachers', 'search')  # of options for the configs of teachers and searches
PSEUDO, = CONFIG_KEYS  # also the name of the teacher of the pseudo-labels
GENOTYPE = 'genotype'  # name of the search for the genotype of the network
TEACHERS, SEARCH = OPTION_PREFIXES
_PLACE_OF_TEACHERS = 'model.distiller.teachers'


@dataclass(frozen=True)
class EarlierRun:
    """A run of another config that must be finished before this one starts.

    Attributes:
        name: the teacher's name in the student's config, or :data:`GENOTYPE`.
        config: the config file of the teacher or search.
        seed: the seed for training it if it is missing.
        checkpoint: its weights, or the genotype of the search; None if they do not exist.
        result: the name of that file in the work dir.
        options: changes to its config, as ``--cfg-options``.
        quick: whether it is shortened, like the run that needs it.
        other: description of the result of another config in its work dir; '' if there is none.
    """

    name: str
    config: Path
    seed: int
    checkpoint: Path | None
    result: str = FINAL
    options: Mapping[str, Any] = field(default_factory=dict)
    quick: bool = False
    other: str = ''

    @property
    def folder(self) -> Path:
        """The work dir in which it is trained if it is missing."""
        return default_work_dir(self.config, self.seed, self.options, self.quick)

    @property
    def what(self) -> str:
        """A description of the run."""
        return f"teacher '{self.name}'" if self.result == FINAL else 'the genotype'

    @property
    def verb(self) -> str:
        """The verb for creating it."""
        return 'train' if self.result == FINAL else 'search'

    @property
    def command(self) -> str:
        """The command that trains it."""
        return shlex.join(['mtkd', 'train', short_path(self.config), *(['--seed', str(self.seed)] if self.seed else []),
                           *self._how(), *self._changes()])

    def training(self, arguments: Sequence[str]) -> list[str]:
        """The command that trains or resumes it in a separate process, including its own prerequisites.

        Args:
            arguments: further arguments (data root, precision).
        """
        return [*command('train'), str(self.config), '--seed', str(self.seed), *self._how(), *arguments, '--resume',
                '--with-prerequisites', *self._changes()]

    def _how(self) -> list[str]:
        return (['--work-dir', str(self.folder)] if self.options else []) + (['--quick'] if self.quick else [])

    def _changes(self) -> list[str]:
        return ['--cfg-options', *(argument(key, value) for key, value in self.options.items())] if self.options else []

    def load(self) -> Config:
        """Load its config, with its options."""
        return load_config(self.config, self.options, quick=self.quick)


def _teachers_of(cfg: Config) -> Mapping[str, Any]:
    """The teachers of the distiller, without inherited ones that are set to None."""
    teachers = (cfg.model.get('distiller') or {}).get('teachers') or {}
    return {name: teacher for name, teacher in teachers.items() if teacher is not None}


def _experts_of(cfg: Config) -> Mapping[str, Any]:
    return ((cfg.model.net.get('trunk') or {}).get('experts')) or {}


def _search_of(cfg: Config) -> dict[str, Any]:
    """Name -> reference of the search for the genotype of the network's neck; empty if there is none."""
    genotype = (cfg.model.net.get('neck') or {}).get('genotype')
    named = isinstance(genotype, Mapping) and isinstance(genotype.get('config'), str)
    return {GENOTYPE: genotype} if named else {}


def _named_by(cfg: Config) -> dict[str, Any]:
    """All references of a config: teachers of the distiller and of pseudo-labels, experts and search of the network."""
    pseudo = (cfg.get(PSEUDO) or {}).get('teacher')
    return {**_teachers_of(cfg), **_experts_of(cfg), **({PSEUDO: pseudo} if pseudo else {}), **_search_of(cfg)}


def _place(cfg: Config, name: str) -> str:
    """The position of a teacher or search in a config."""
    if name in _search_of(cfg):
        return 'model.net.neck.genotype'
    if name in _experts_of(cfg):
        return f'model.net.trunk.experts.{name}'
    return f'{PSEUDO}.teacher' if name == PSEUDO else f'{_PLACE_OF_TEACHERS}.{name}'


def load_named(cfg: Config, name: str, named: Mapping[str, Any]) -> Config:
    """Load the config of a teacher, expert or search, with its ``options``.

    Raises:
        ValueError: an option sets an unused key.
    """
    prefix = f'{SEARCH}.' if name == GENOTYPE else f'{TEACHERS}.{name}.'
    return load_config(named['config'], named.get('options'), beside=Path(cfg.filename), prefix=prefix, quick=is_quick(cfg))


def earlier_runs(cfg: Config, seed: int) -> list[EarlierRun]:
    """The runs that a config's teachers and search come from, in the order of the config.

    A teacher's weights are the config's ``checkpoint``, or ``final.pth`` in the work dir of the teacher's own config: with
    the same seed first, then with seed 0. For a search it is ``genotype.json``. Results of a different config or different
    options are not used.

    Raises:
        FileNotFoundError: an explicitly given checkpoint does not exist.
    """
    found = []
    for name, named in _named_by(cfg).items():
        if not named.get('config'):
            continue
        own = load_named(cfg, name, named)
        result = GENOTYPE_FILE if name in _search_of(cfg) else FINAL
        options = dict(named.get('options') or {})
        if named.get('checkpoint'):
            checkpoint: Path | None = Path(named['checkpoint'])
            other = ''
            if not Path(named['checkpoint']).is_file():
                raise MissingPrerequisite(f"teacher '{name}': the checkpoint {checkpoint} does not exist: correct "
                                     f'{_place(cfg, name)}.checkpoint.')
        else:
            checkpoint, other = _made(own, seed, options, result)
        found.append(EarlierRun(name, Path(own.filename), 0, checkpoint, result, options, is_quick(cfg), other))
    return found


def _made(own: Config, seed: int, options: Mapping[str, Any], result: str) -> tuple[Path | None, str]:
    """The result of a run of a config, and the location and differences of a result of another config, if any."""
    other = ''
    for changes in ([options, {}] if options else [{}]):
        for folder in (default_work_dir(own.filename, s, changes, is_quick(own)) for s in dict.fromkeys((seed, 0))):
            if not (folder / result).is_file():
                continue
            meta = meta_of(folder / FINAL)
            differing = config_differences(meta, own.to_dict())
            if not differing and (changes or not options or 'identity' in meta):
                return folder / result, ''
            if differing and changes == options:
                other = other or f'{folder / result} was created with another config: {in_words(differing)}'
    return None, other


def refuse_other(cfg: Config, needed: EarlierRun) -> None:
    """Raise if the result of another config is in the place of a missing result.

    Raises:
        MissingPrerequisite: the message lists the differences and what to do.
    """
    if needed.other:
        raise MissingPrerequisite(
            f'{needed.what} of {short_path(Path(cfg.filename))} does not exist: {needed.other}. Give the options that it '
            f'was created with (--cfg-options {_reached(needed.name)}.KEY=VALUE), use it anyway with '
            f'{_outright(cfg, needed)}, or remove it.')


def _reached(name: str) -> str:
    """The prefix of the options of an earlier run."""
    return SEARCH if name == GENOTYPE else f'{TEACHERS}.{name}'


def _outright(cfg: Config, needed: EarlierRun) -> str:
    """The option that sets the file explicitly."""
    return f'--cfg-options {_place(cfg, needed.name)}{".checkpoint" if needed.result == FINAL else ""}=FILE'


def run_missing(cfg: Config, seed: int, arguments: list[str]) -> None:
    """Run all missing trainings and searches, each in a separate process; stopped ones are resumed.

    Args:
        cfg: the student's config.
        seed: the student's seed.
        arguments: further arguments of ``mtkd train`` for the teachers (data root, precision).

    Raises:
        RuntimeError: a training failed.
        MissingPrerequisite: see :func:`refuse_other`.
        RunStopped: a signal was received; the current training has saved a checkpoint.
    """
    for needed in earlier_runs(cfg, seed):
        if needed.checkpoint is None:
            refuse_other(cfg, needed)
            training = needed.training(arguments)
            print(f'{needed.what} is missing; {needed.verb}ing it first: {needed.command}', flush=True)
            if run_and_pass_signals_on(training):
                raise RuntimeError(f'{needed.verb}ing {needed.what} failed, see its messages above; to run it separately: '
                                   f'{needed.command}')


def resolve_teachers(cfg: Config, seed: int, *, random: bool = False) -> Config:
    """Replace references to configs by the teacher's network, tasks, normalisation and checkpoint, or the search's file.

    Args:
        cfg: the student's config; it is not modified.
        seed: the student's seed.
        random: use random weights for teachers and an arbitrary genotype for the network, to try a config without them.

    Returns:
        A copy of the config.

    Raises:
        MissingPrerequisite: a teacher has not been trained, or a search has not been run; the message names the command.
    """
    cfg = copy.deepcopy(cfg)
    needed = {p.name: p for p in earlier_runs(cfg, seed)} if not random else {}
    _resolve_search(cfg, needed.get(GENOTYPE), seed)
    for name, teacher in {**_teachers_of(cfg), **_experts_of(cfg)}.items():
        _resolve(cfg, name, teacher, needed.get(name), seed)
    if PSEUDO in needed:
        result_of(cfg, needed[PSEUDO], seed)
    return cfg


def resolve_experts(cfg: Config, seed: int, *, random: bool = False) -> Config:
    """Like :func:`resolve_teachers`, but only for parts of the network, which are needed for deployment."""
    cfg = copy.deepcopy(cfg)
    inside = {**_experts_of(cfg), **_search_of(cfg)}
    needed = {p.name: p for p in earlier_runs(cfg, seed)} if inside and not random else {}
    _resolve_search(cfg, needed.get(GENOTYPE), seed)
    for name, expert in _experts_of(cfg).items():
        _resolve(cfg, name, expert, needed.get(name), seed)
    return cfg


def _resolve(cfg: Config, name: str, teacher: Any, needed: EarlierRun | None, seed: int) -> None:
    """Resolve one teacher, with random weights if no run is needed. Its inner experts have its seed."""
    if not teacher.get('config'):
        return
    own = load_named(cfg, name, teacher)
    checkpoint = result_of(cfg, needed, seed) if needed else None
    own = resolve_experts(own, _seed_of(checkpoint, seed), random=needed is None)
    teacher.setdefault('type', 'MultiTaskTeacher')
    teacher.update(as_teacher(own))
    teacher.pop('config')
    teacher.pop('options', None)
    if needed is None:
        teacher.update(checkpoint=None, allow_random=True)
    else:
        teacher.update(checkpoint=str(checkpoint), made_by=short_path(needed.config))


def _resolve_search(cfg: Config, needed: EarlierRun | None, seed: int) -> None:
    """Replace a reference to a search by its file, or by any genotype if no run is needed."""
    if _search_of(cfg):
        cfg.model.net.neck.genotype = str(result_of(cfg, needed, seed)) if needed else any_genotype(tuple(cfg.tasks))


def _seed_of(checkpoint: Path | None, otherwise: int) -> int:
    """The training seed of a checkpoint, from its folder."""
    named = re.fullmatch(r'seed(\d+)', checkpoint.absolute().parent.name) if checkpoint else None
    return int(named[1]) if named else otherwise


def as_teacher(own: Config) -> dict[str, Any]:
    """The arguments of a teacher from a config: network, tasks and normalisation."""
    net = copy.deepcopy(own.model.net)
    without_pretrained(net)
    given = own.model.get('data_preprocessor') or {}
    return {'net': net, 'tasks': copy.deepcopy(own.tasks),
            **{key: given[key] for key in ('mean', 'std', 'channels_last') if key in given}}


def result_of(cfg: Config, needed: EarlierRun, seed: int) -> Path:
    """A teacher's weights, or a search's genotype.

    Raises:
        MissingPrerequisite: it does not exist; the message names the command.
    """
    if needed.checkpoint is None:
        refuse_other(cfg, needed)
        raise MissingPrerequisite(
            f'{needed.what} of {short_path(Path(cfg.filename))} has no '
            f'{"checkpoint" if needed.result == FINAL else needed.result} in {needed.folder.parent}; {needed.verb} it with: '
            f'{needed.command} (or add --with-prerequisites to this command, or give its file with '
            f'{_outright(cfg, needed)}).')
    return needed.checkpoint


def _addressed(key: str, named: Mapping[str, Any]) -> tuple[str, str]:
    """The target of an option, and its key there.

    Raises:
        ValueError: the config has no such reference, or the key is incomplete.
    """
    prefix, _, rest = key.partition('.')
    trained = [name for name, one in named.items() if one.get('config')]
    if prefix == SEARCH:
        if GENOTYPE not in trained:
            raise ValueError(f'--cfg-options {key}: the config has no search; set model.net.neck.genotype=dict(config=…).')
        name, inner = GENOTYPE, rest
    else:
        name, _, inner = rest.partition('.')
        known = [other for other in trained if other != GENOTYPE]
        if name in named and name not in known:
            raise ValueError(f"--cfg-options {key}: teacher '{name}' is not given by a config; set "
                             f'{_PLACE_OF_TEACHERS}.{name}.KEY instead.')
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
            there = f'nearest: {", ".join(near)}' if near else f'it has {", ".join(known) or "none"}'
            raise ValueError(f"--cfg-options {key}: the config has no teacher '{name}'; {there}.")
    if not inner:
        raise ValueError(f'--cfg-options {key}: write {_reached(name)}.KEY=VALUE, where KEY is a key of the config '
                         f'{named[name]["config"]}.')
    return name, inner


@PREREQUISITES.register_module()
class EarlierRuns(Prerequisite):
    """Teachers given by their configs, and the genotype of a search."""

    order = 0
    prefixes = frozenset(OPTION_PREFIXES)

    def configure(self, cfg: Config, options: Mapping[str, Any]) -> None:
        """Apply ``teachers.NAME.KEY`` and ``search.KEY`` as options of the referenced configs.

        NAME is a teacher of the distiller, an expert of the network, or ``pseudo_labels`` for the teacher of the
        pseudo-labels.

        Raises:
            ValueError: there is no such teacher or search, its checkpoint is given explicitly, or its config has no KEY.
        """
        named = _named_by(cfg) if 'model' in cfg else {}
        for key, value in options.items():
            name, inner = _addressed(key, named)
            if named[name].get('checkpoint'):
                raise ValueError(f'--cfg-options {key} has no effect, because the checkpoint of {name} is given explicitly '
                                 f'({named[name]["checkpoint"]}): leave one of them out.')
            named[name]['options'] = {**(named[name].get('options') or {}), inner: value}
            argument(inner, value)
            load_named(cfg, name, named[name])

    def needed(self, cfg: Config) -> bool:
        """Whether the config refers to another config."""
        return 'model' in cfg and any(named.get('config') for named in _named_by(cfg).values())

    def made(self, cfg: Config, where: Circumstances) -> bool:
        """Whether the results of all runs exist."""
        return all(run.checkpoint is not None for run in earlier_runs(cfg, where.seed))

    def make(self, cfg: Config, where: Circumstances) -> None:
        """Run missing trainings and searches, see :func:`run_missing`."""
        arguments = ['--data-root', str(where.data_root)] if where.data_root else []
        run_missing(cfg, where.seed, arguments + (['--amp', where.amp] if where.amp else []))

    def resolve(self, cfg: Config, seed: int, *, random: bool, network_only: bool) -> Config:
        """See :func:`resolve_teachers` and :func:`resolve_experts`."""
        return (resolve_experts if network_only else resolve_teachers)(cfg, seed, random=random)

    def teachers(self, cfg: Config) -> tuple[str, ...]:
        """Names of the teachers of the distiller."""
        return tuple(_teachers_of(cfg))
