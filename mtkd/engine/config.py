"""Load a config file with command-line options and complete it for the Runner."""

import ast
import copy
import difflib
import hashlib
import importlib.util
import inspect
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.hooks import EMAHook

from .. import registry
from ..config_files import HOME, find_config
from ..config_text import built_as, top_level
from ..models.foreign_model import foreign_scale
from ..models.known_weights import Scale, contradicts, scale_of, usual_scale
from ..models.picture_scale import IMAGENET_MEAN, IMAGENET_STD
from ..tasks import build_tasks
from . import report
from .loaders import DATALOADERS, datasets_of
from .options import digest
from .prerequisite import Prerequisite, kinds
from .quick import shorten
from .trackers import add_trackers
from .validate import check_config

LOG_INTERVAL = 50  # iterations, if no logging interval is configured
CONFIG_KEYS = ('tasks', 'custom_imports')


def config_hash(cfg: Mapping[str, Any]) -> str:
    """SHA-256 of a merged config, without the seed and paths of the run; the seed of teachers' checkpoints is ignored."""
    text = re.sub(r'/seed\d+/', '/seed0/', json.dumps(cfg, sort_keys=True, default=str))
    return hashlib.sha256(text.encode()).hexdigest()


def short_path(config: Path) -> str:
    """The path of a file as a user would type it."""
    for base in (Path.cwd(), HOME):
        if config.is_relative_to(base):
            return str(config.relative_to(base))
    return str(config)


@contextmanager
def shipped_bases() -> Iterator[None]:
    """Allow a config to inherit from one that is shipped with mtkd, ``_base_ = ['mtkd::quickstart/student']``.

    MMEngine (0.10.7) supports this form only for a fixed list of OpenMMLab packages.
    """
    usual = Config._get_cfg_path

    def path_of(base: str, filename: str) -> tuple[str, str | None]:
        package, _, name = base.partition('::')
        return (str(find_config(name)), None) if package == 'mtkd' and name else usual(base, filename)

    Config._get_cfg_path = staticmethod(path_of)
    try:
        yield
    finally:
        Config._get_cfg_path = staticmethod(usual)


def load_config(path: str | Path, options: Mapping[str, Any] | None = None, beside: Path | None = None,
                prefix: str = '', quick: bool = False) -> Config:
    """Read a config file with its bases and merge command-line options into it.

    Options with the prefix of a prerequisite (``teachers.NAME.KEY``) are passed to the config of that prerequisite.

    Args:
        path: the file, see :func:`~mtkd.config_files.find_config`.
        options: dotted key -> value, as parsed by ``--cfg-options``.
        beside: the config that refers to this one.
        prefix: prefix of the keys on the command line, for error messages.
        quick: shorten the run, see :func:`~mtkd.engine.quick.shorten`; options take precedence.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not a valid config, or an option sets an unused key.
    """
    file = find_config(path, beside)
    _only_python(file)
    try:
        with shipped_bases():
            cfg = Config.fromfile(str(file), lazy_import=False)
    except Exception as error:
        raise ValueError(_unreadable(file, error)) from error
    if quick:
        check_config(cfg)
        shorten(cfg)
    own, routed = _routed(options or {})
    for key in own:
        check_option(cfg, key, prefix)
    if own:
        cfg.merge_from_dict(own)
    check_config(cfg)
    for kind, theirs in routed:
        kind.configure(cfg, theirs)
    _follow_weights(cfg)
    for loader in DATALOADERS:  # loaders set to the same variable of a base share its data sets: copy them
        if cfg.get(loader):
            cfg[loader] = copy.deepcopy(cfg[loader])
    return cfg


def _routed(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[Prerequisite, dict[str, Any]]]]:
    """The options of a config itself, and those of its prerequisites with their kind."""
    own, routed = dict(options), []
    for kind in kinds() if options else []:
        theirs = {key: own.pop(key) for key in list(own) if key.partition('.')[0] in kind.prefixes}
        if theirs:
            routed.append((kind, theirs))
    return own, routed


def _only_python(file: Path) -> None:
    """Raise if a config or one of its bases is not Python; MMEngine's YAML reader can construct arbitrary objects."""
    if file.suffix != '.py':
        raise ValueError(f'{file} is not a config: configs are Python files (.py); write its values as Python.')
    try:
        bases = [node.value for node in ast.parse(file.read_text(encoding='utf-8')).body if isinstance(node, ast.Assign)
                 and any(isinstance(target, ast.Name) and target.id == '_base_' for target in node.targets)]
        given = [ast.literal_eval(base) for base in bases]
    except (SyntaxError, ValueError):  # reported when the file is read
        return
    for base in given[-1:]:
        for name in [base] if isinstance(base, str) else base:
            if not isinstance(name, str):
                raise ValueError(f'{file}: _base_ must be paths of configs; {name!r} is not one.')
            inner = (file.parent / name).resolve()
            if '::' not in name and inner.is_file():
                _only_python(inner)


def _follow_weights(cfg: Config) -> None:
    """Add the normalisation of the pretrained weights to the preprocessor of a config without one.

    Later users of the network without its pretrained weights (a teacher, a deployed student) read it from there. A
    contradicting normalisation causes an error or a warning when the model is built.
    """
    model = cfg.get('model') or {}
    net = model.get('net') or {}
    backbone = net.get('backbone') or (net.get('trunk') or {}).get('backbone') or {}
    given = model.get('data_preprocessor') or {}
    scale = _scale_of_weights(backbone) if isinstance(backbone, Mapping) else None
    if scale is not None and 'mean' not in given and 'std' not in given:
        cfg.model.data_preprocessor = {**given, 'mean': scale[0], 'std': scale[1]}


def _scale_of_weights(backbone: Mapping[str, Any]) -> Scale | None:
    """The normalisation of a backbone's weights; None if there are none, it is unknown, or it is that of ImageNet."""
    model, name, weights = backbone.get('model'), backbone.get('name'), backbone.get('weights')
    if isinstance(model, Mapping):
        usual = foreign_scale(**model)
    elif not isinstance(name, str):
        return None
    else:
        scale = scale_of(name, weights, bool(backbone.get('pretrained')) and not backbone.get('checkpoint'))
        if scale is not None:
            return scale
        loaded = backbone.get('pretrained') or backbone.get('checkpoint') or weights
        usual = usual_scale(name) if loaded else None
    return usual if usual is not None and contradicts(usual, IMAGENET_MEAN, IMAGENET_STD) else None


def _unreadable(file: Path, error: BaseException) -> str:
    """A one-sentence message for an unreadable config; for a missing package, with the innermost cause."""
    cause = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    if 'custom modules' in str(error):
        return (f'{file} names a package in custom_imports that cannot be imported ({type(cause).__name__}: {cause}): '
                f'install it, or put its folder on PYTHONPATH.')
    return f'{file} cannot be read as a config: {type(cause).__name__}: {cause}'


def check_option(cfg: Config, key: str, prefix: str = '') -> None:
    """Check that a dotted ``key`` is in the config or is an argument of the class that it addresses.

    Args:
        cfg: a loaded config.
        key: the option.
        prefix: prefix of the key on the command line, such as ``teachers.big.``.

    Raises:
        ValueError: the key is unknown; the message lists similar keys.
    """
    node: Any = cfg._cfg_dict
    given = f'--cfg-options {prefix}{key}'
    parts = key.split('.')
    for depth, part in enumerate(parts):
        where = '.'.join(parts[:depth]) or (cfg.filename if prefix else 'the config')
        if isinstance(node, (list, tuple)):
            if not part.isdigit() or int(part) >= len(node):
                raise ValueError(f'{given}: {where} is a list of length {len(node)}; use an index below that.')
            node = node[int(part)]
            continue
        if isinstance(node, Mapping) and part in node:
            node = node[part]
            continue
        known = _keys_of(node, parts[:depth]) | _always('.'.join(parts[:depth]))
        if part not in known:
            near = difflib.get_close_matches(part, known, n=3, cutoff=0.4)
            if not known:
                raise ValueError(f'{given}: {where} is {node!r}, which has no keys; set {where} as a whole.')
            raise ValueError(f"{given}: {where} has no '{part}'"
                             + (f'; nearest: {", ".join(near)}.' if near else f'; it has {", ".join(sorted(known))}.'))
        node = {}


def _keys_of(node: Any, path: Sequence[str]) -> set[str]:
    """The keys of a config dictionary and the arguments of the class given by its ``type`` or its position."""
    if not isinstance(node, Mapping):
        return set()
    keys = set(node)
    name = built_as(node, list(path))
    return keys | _arguments(name) if isinstance(name, str) and name else keys


def _always(place: str) -> set[str]:
    """The keys that are always read at a position of a config: at the top level, of MMEngine, mtkd and prerequisites."""
    if place:
        return {'finite'} if place == 'default_hooks' else set()
    return {*top_level(), *(key for kind in kinds() for key in (*kind.keys, *kind.prefixes))}


def _arguments(type_name: str) -> set[str]:
    registries = [value for value in vars(registry).values() if isinstance(value, registry.Registry)]
    for reg in registries:
        cls = reg.get(type_name)
        if cls is not None:
            found: set[str] = set()
            for base in inspect.getmro(cls) if inspect.isclass(cls) else (cls,):
                init = base.__init__ if inspect.isclass(base) else base
                found |= {name for name, parameter in inspect.signature(init).parameters.items()
                          if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)}
            return found - {'self'}
    return set()


def default_work_dir(config: Path | str, seed: int, options: Mapping[str, Any] | None = None, quick: bool = False) -> Path:
    """``work_dirs/<config name>/seed<seed>``; MTKD_WORK_DIRS sets another root.

    The folder of a prerequisite with ``options`` is ``work_dirs/<config name>+<digest of the options>/seed<seed>``. Quick
    runs are in ``work_dirs/quick``.
    """
    root = Path(os.environ.get('MTKD_WORK_DIRS', 'work_dirs'))
    name = Path(config).stem + (f'+{digest(options)}' if options else '')
    return (root / 'quick' if quick else root) / name / f'seed{seed}'


def default_data_root() -> Path:
    """The environment variable MTKD_DATA_ROOT, or ``data``."""
    return Path(os.environ.get('MTKD_DATA_ROOT', 'data'))


def prepare(cfg: Config, *, work_dir: Path | str, seed: int, data_root: Path | str, amp: str | None = None,
            compile_net: bool = False, launcher: str = 'none', training: bool = True, with_teachers: bool = True,
            trackers: Sequence[str] = ()) -> Config:
    """Complete a config, so that the Runner can build it.

    The top-level ``tasks`` are passed to the model, every data set and the evaluators; relative data roots are joined to
    ``data_root``; schedules without an end run to the last iteration or epoch; without ``train_cfg.val_interval`` or
    ``report``, nothing is loaded for validation.

    Args:
        cfg: a loaded config; it is not modified.
        work_dir: output folder of the run.
        seed: random seed of the run.
        data_root: folder that contains the folders of the data sets.
        amp: ``'bf16'`` or ``'fp16'`` autocast, ``'off'`` for none; None: as in the config.
        compile_net: compile trunk, heads and teachers.
        launcher: the launcher of the ranks, or ``'none'``.
        training: False: only score a checkpoint, without the loaders, hooks and settings of training.
        with_teachers: whether teachers are built even if only a checkpoint is scored.
        trackers: names of additional loggers, see :mod:`~mtkd.engine.trackers`.

    Raises:
        ValueError: the config lacks ``tasks``, one of them cannot be built, or its ``report`` is invalid.
    """
    cfg = copy.deepcopy(cfg)
    cfg.config_sha256 = config_hash(cfg.to_dict())
    if not cfg.get('tasks') or 'model' not in cfg:
        raise ValueError(f'{cfg.filename} is not a training config: it lacks {"model" if cfg.get("tasks") else "tasks"}.')
    cfg.default_scope = 'mtkd'
    cfg.work_dir = str(work_dir)
    cfg.launcher = launcher
    cfg.randomness = {**cfg.get('randomness', {}), 'seed': seed}
    _hand_out_tasks(cfg)
    for loader in DATALOADERS:
        for dataset in datasets_of(cfg.get(loader)):
            if dataset.get('data_root') is not None:
                dataset.data_root = str(Path(data_root) / dataset.data_root)
    _end_schedules(cfg)
    _one_interval(cfg)
    if training and not report.set_up_report(cfg) and not (cfg.get('train_cfg') or {}).get('val_interval'):
        cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    if amp is not None and cfg.get('optim_wrapper'):
        cfg.optim_wrapper.type = 'OptimWrapper' if amp == 'off' else 'AutocastOptimWrapper'
        cfg.optim_wrapper.pop('dtype', None)
        if amp != 'off':
            cfg.optim_wrapper.dtype = amp
    if not training:
        _leave_training_out(cfg, with_teachers)
    if compile_net:
        cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), {'type': 'CompileHook'}]
    if cfg.get('visualizer') is not None:
        cfg.visualizer.save_dir = str(work_dir)
        if not _has_tensorboard():
            cfg.visualizer.vis_backends = [b for b in cfg.visualizer.vis_backends if b['type'] != 'TensorboardVisBackend']
    if training:
        add_trackers(cfg, trackers, work_dir)
    if launcher != 'none' and not torch.cuda.is_available():
        cfg.model_wrapper_cfg = {'type': 'MMDistributedDataParallel', 'device_ids': None, 'broadcast_buffers': False}
    return cfg


def without_pretrained(net: Any) -> None:
    """Remove pretrained weights from the config of a network that is loaded from a checkpoint."""
    backbone = net.get('backbone') or (net.get('trunk') or {}).get('backbone')
    off = {'pretrained': False, 'checkpoint': None, 'weights': None}
    if backbone is not None:
        backbone.update({key: value for key, value in off.items() if key in backbone})
        foreign = backbone.get('model')
        if isinstance(foreign, Mapping) and foreign.get('source') != 'huggingface':  # its folder holds the configuration too
            backbone['model'] = {**foreign, **{key: value for key, value in off.items() if key in foreign}}


def _leave_training_out(cfg: Config, with_teachers: bool) -> None:
    """Keep only what is needed to score a checkpoint."""
    without_pretrained(cfg.model.get('net') or {})
    report.report_of(cfg)  # raises before the test instead of after it
    cfg.model.balance = None
    if not with_teachers:
        cfg.model.distiller = None
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler', 'val_dataloader', 'val_cfg',
                'val_evaluator'):
        cfg[key] = None
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks') or [] if not _averages_weights(hook)]
    cfg.default_hooks.checkpoint = None
    cfg.default_hooks.runtime_info = None
    cfg.load_from, cfg.resume = None, False


def _averages_weights(hook: Any) -> bool:
    """Whether a hook swaps averaged weights into the model: those of a checkpoint are already averaged."""
    cls = registry.HOOKS.get(hook['type']) if isinstance(hook.get('type'), str) else hook.get('type')
    return inspect.isclass(cls) and issubclass(cls, EMAHook)


def _hand_out_tasks(cfg: Config) -> None:
    tasks = build_tasks(cfg.tasks)
    cfg.model.tasks = copy.deepcopy(cfg.tasks)
    kinds = {name: task.kind.name for name, task in tasks.items()}
    classes = {name: count for name, task in tasks.items() if (count := getattr(task, 'num_classes', None))}
    for loader in DATALOADERS:
        for dataset in datasets_of(cfg.get(loader)):
            dataset.setdefault('tasks', kinds)
            if not dataset.get('datasets'):
                dataset.num_classes = _classes_of(dataset, classes, loader)
    for evaluator in ('val_evaluator', 'test_evaluator'):
        if cfg.get(evaluator):
            cfg[evaluator].setdefault('tasks', copy.deepcopy(cfg.tasks))


def _classes_of(dataset: ConfigDict, classes: Mapping[str, int], loader: str) -> dict[str, int]:
    """Task -> number of classes, for the requested tasks of one data set.

    Raises:
        ValueError: the ``num_classes`` of the data set contradicts the task.
    """
    given = dict(dataset.get('num_classes') or {})
    for task, count in given.items():
        if classes.get(task, count) != count:
            raise ValueError(f"{loader}: {dataset.get('type')} has num_classes {count} for '{task}', the task has "
                             f'{classes[task]}: correct one of them, or translate the classes with label_maps of the data '
                             f'set.')
    return {**{task: classes[task] for task in dataset.tasks if task in classes}, **given}


def _end_schedules(cfg: Config) -> None:
    train = cfg.get('train_cfg') or {}
    schedules = cfg.get('param_scheduler') or []
    for schedule in schedules if isinstance(schedules, Sequence) else [schedules]:
        last = train.get('max_epochs' if schedule.get('by_epoch', True) else 'max_iters')
        if last is not None:
            schedule.setdefault('end', last)
        elif str(schedule.get('type')).startswith('CosineAnnealing') and not {'end', 'T_max'} & set(schedule):
            unit = 'epochs' if schedule.get('by_epoch', True) else 'iterations'
            raise ValueError(f'param_scheduler: {schedule["type"]} counts {unit}, but train_cfg does not give their '
                             f'number: give its end.')


def _one_interval(cfg: Config) -> None:
    """Pass the logging interval, ``default_hooks.logger.interval``, to all hooks that collect logged values.

    Raises:
        ValueError: another hook defines a different interval.
    """
    hooks = cfg.setdefault('default_hooks', {})
    hooks.setdefault('finite', {'type': 'FiniteHook'})
    logger, info = hooks.get('logger') or {}, hooks.get('runtime_info') or {}
    interval = logger.get('interval', info.get('interval', LOG_INTERVAL) if 'logger' in hooks and not logger else 10)
    gathering = {'default_hooks.runtime_info': info, 'default_hooks.finite': hooks.get('finite') or {},
                 **{f'custom_hooks.{i}': hook for i, hook in enumerate(cfg.get('custom_hooks') or [])
                    if hook.get('type') == 'LabelCountHook'}}
    for place, hook in gathering.items():
        if hook.get('type') not in ('IntervalInfoHook', 'FiniteHook', 'LabelCountHook'):
            continue
        if hook.get('interval', interval) != interval:
            raise ValueError(f'{place}.interval={hook["interval"]} is not the logging interval, '
                             f'default_hooks.logger.interval={interval}: leave it out, it is then set to the same value.')
        hook['interval'] = interval
    if cfg.get('log_processor'):
        cfg.log_processor.window_size = interval


def _has_tensorboard() -> bool:
    return importlib.util.find_spec('tensorboard') is not None
