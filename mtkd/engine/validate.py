"""Validates a config against the signatures of its classes before anything is built: keys, types, required arguments."""

import ast
import difflib
import inspect
import math
import multiprocessing
import re
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from mmengine import registry as mm_registry
from mmengine.config import Config
from torch import Tensor, nn
from torch.utils.data import DataLoader

from .. import registry
from ..config_text import top_level
from . import record
from .prerequisite import kinds

_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_TOGETHER = ('train_dataloader', 'train_cfg', 'optim_wrapper')
_BY_NAME = {'paramwise_cfg', 'custom_keys'}  # their keys are names of parts of the model
_LISTS = {'pipeline', 'datasets', 'custom_hooks', 'param_scheduler', 'vis_backends'}  # lists of objects
_TYPO = 0.88  # similarity above which an unused top-level name is considered a misspelling of a used one
_POSITIVE = {'interval', 'val_interval', 'batch_size', 'max_iters', 'max_epochs', 'log_interval', 'update_interval',
             'prefetch_factor'}
_COUNTS = {'batch_size', 'max_iters', 'max_epochs', 'val_interval', 'log_interval', 'num_classes', 'num_samples', 'channels',
           'lateral_channels'}  # at least 1 (an interval of -1 means never in MMEngine)
_SIZES = {'size', 'input_size', 'img_size', 'picture_size'}  # all sides are at least 1
_NOT_NEGATIVE = {'num_workers', 'lr', 'weight_decay', 'seed'}
_SHARES = {'dropout', 'drop_rate', 'drop_path_rate'}  # from 0 to 1


@dataclass(frozen=True)
class _Place:
    """Describes the object that is built at a position of a config.

    Attributes:
        registry: registry of the type.
        type: default type; '' if the config must name one, or if a dictionary without one is not for a registry.
        given: arguments added by the builder, so that a config need not give them.
        also: keys that the builder itself reads.
        needs_type: whether a dictionary without a type is an error.
    """

    registry: mm_registry.Registry
    type: str = ''
    given: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    needs_type: bool = True


def _place(where: mm_registry.Registry, type: str = '', given: str = '', also: str = '', needs_type: bool = True) -> _Place:
    return _Place(where, type, frozenset(given.split()), frozenset(also.split()), needs_type)


_NECK = _place(registry.NECKS, 'ConcatNeck', 'in_channels strides out_channels')
_HEAD = _place(registry.HEADS, given='in_channels out_channels')
_TEACHER = _place(registry.TEACHERS, 'MultiTaskTeacher', 'net tasks', 'config options')
_DATASET = _place(registry.DATASETS, given='tasks num_classes')
_HOOK = _place(registry.HOOKS, also='priority')
_SAMPLER = _place(registry.DATA_SAMPLERS, given='dataset seed sampler batch_size')
_LOOP = {key: _place(registry.LOOPS, type, 'runner dataloader evaluator')
         for key, type in (('train_cfg', ''), ('val_cfg', 'ValLoop'), ('test_cfg', 'TestLoop'))}
_EVALUATOR = _place(registry.METRICS, given='tasks')
_SCHEDULER = _place(registry.PARAM_SCHEDULERS, given='optimizer param_name end T_max', also='convert_to_iter_based')
_PLACES = {  # key of a dictionary or a list of dictionaries -> the object that is built from it
    'model': _place(registry.MODELS, 'MultiTaskModel', 'tasks'), 'backbone': _place(registry.BACKBONES),
    'trunk': _place(registry.BACKBONES, given='tasks'), 'neck': _NECK, 'head': _HEAD,
    'balance': _place(registry.BALANCES, 'WeightedSum'), 'distiller': _place(registry.MODELS, 'Distiller', 'teachers'),
    'data_preprocessor': _place(registry.MODELS, 'Preprocessor'), 'dataset': _DATASET, 'datasets': _DATASET,
    'pipeline': _place(registry.TRANSFORMS), 'sampler': _SAMPLER, 'batch_sampler': _SAMPLER,
    'collate_fn': _place(mm_registry.FUNCTIONS, given='data_batch batch samples'),
    'optim_wrapper': _place(registry.OPTIM_WRAPPERS, 'OptimWrapper', 'optimizer', 'constructor paramwise_cfg'),
    'optimizer': _place(registry.OPTIMIZERS, given='params'), 'param_scheduler': _SCHEDULER,
    'custom_hooks': _HOOK, **_LOOP, 'val_evaluator': _EVALUATOR, 'test_evaluator': _EVALUATOR,
    'visualizer': _place(registry.VISUALIZERS, given='name save_dir'),
    'vis_backends': _place(registry.VISBACKENDS, given='save_dir'),
    'log_processor': _place(registry.LOG_PROCESSORS, 'LogProcessor'),
    'teacher_cache': _place(registry.HOOKS, 'TeacherCacheHook'),
    'projector': _place(registry.PROJECTORS, given='in_channels out_channels')}
_MEMBERS = {  # path of a dictionary whose values are built
    'model.net.heads': _HEAD, 'model.distiller.teachers': _TEACHER, 'model.net.trunk.experts': _TEACHER,
    'tasks': _place(registry.TASKS, given='name'),
    'default_hooks': _HOOK}
_NESTED = {  # keys with the same meaning in other objects, with an unknown default type
    'neck': _place(registry.NECKS, '', 'in_channels strides out_channels', needs_type=False),
    'head': _place(registry.HEADS, given='in_channels out_channels', needs_type=False)}
_LINK = _place(registry.LINKS, 'Link', 'task tasks')
_CONTRAST = _place(registry.LINKS, 'TaskContrast', 'task tasks')
_BUILT = {*_LOADERS, *_PLACES, *_MEMBERS} - {*record.CONFIG_KEYS}  # top-level keys of objects to build
_VISITED = {*_PLACES, 'links'}  # their own messages are more specific than annotations
_DISTILL_LOSS = _place(registry.DISTILL_LOSSES)


@dataclass(frozen=True)
class _Signature:
    """The arguments of a class or function.

    Attributes:
        types: name -> annotation; Any if there is not a readable one.
        defaults: name -> default value, if any.
        open: whether other arguments are passed on.
    """

    types: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    open: bool = False


def check_config(cfg: Config) -> None:
    """Check a loaded config against the classes that it will build.

    Every ``type`` must be registered, every argument must exist in its class and match the annotated type, and no required
    argument may be missing. Nothing is built. Arguments without annotations are not checked.

    Args:
        cfg: result of :func:`~mtkd.engine.config.load_config`, including command-line options.

    Raises:
        ValueError: a key or value is invalid; the message gives the path of the key, the value, what is allowed, and the
            most similar name.
    """
    try:
        read = top_level() | {key for kind in kinds() for key in kind.keys}
        _check_top(cfg, read)
        for key in cfg:
            if key in read and key in _BUILT:
                _visit(cfg[key], key, key, False)
    except _Wrong as error:
        raise ValueError(f'{cfg.filename}: {error}{_inherited(cfg) if error.unknown else ""}') from None


class _Wrong(ValueError):
    """An error in a config; ``unknown``: the class does not have the argument."""

    unknown = False


def _inherited(cfg: Config) -> str:
    file = Path(cfg.filename) if cfg.filename else None
    if file is None or not file.is_file() or '_base_' not in file.read_text(encoding='utf-8', errors='replace'):
        return ''
    return ' If the argument comes from a base config, write _delete_=True into the dictionary: it then inherits nothing.'


def _check_top(cfg: Config, read: Set[str]) -> None:
    if not cfg.get('tasks') or not cfg.get('model'):
        lacking = ' and '.join(key for key in ('tasks', 'model') if not cfg.get(key))
        raise _Wrong(f'this is not a training config: it lacks {lacking}.')
    _expect(cfg.tasks, 'tasks', Mapping, "a dictionary, name -> task, as in tasks=dict(depth=dict(type='Depth'))")
    _expect(cfg.model, 'model', Mapping, "a dictionary, as in model=dict(type='MultiTaskModel', net=...)")
    _expect(cfg.model.get('net'), 'model.net', Mapping, 'a dictionary with backbone, neck and head')
    if cfg.model.net.get('backbone') is None and cfg.model.net.get('trunk') is None:
        raise _Wrong(f"model.net={_shown(cfg.model.net)} has no backbone: give one, as in "
                     f"backbone=dict(type='TimmBackbone', name='resnet18').")
    for key in cfg:  # keys of results are not suggested: "domains" may be a variable of the config, not a misspelling
        near = difflib.get_close_matches(key, read - {*record.CONFIG_KEYS}, n=1, cutoff=_TYPO)
        if near and key not in read and not cfg.get(near[0]) and not key.startswith('_'):
            raise _Wrong(f"nothing reads the key '{key}'; did you mean '{near[0]}'?")
    absent = [key for key in _TOGETHER if not cfg.get(key)]
    trains = bool(cfg.get('train_cfg') or cfg.get('optim_wrapper'))  # a config with data only is allowed
    if absent and trains:
        there = ' and '.join(key for key in _TOGETHER if cfg.get(key))
        raise _Wrong(f'a training config needs {", ".join(_TOGETHER)}; it has {there}, but no {" and no ".join(absent)}.')
    for split in ('val', 'test'):
        if cfg.get(f'{split}_dataloader') and not cfg.get(f'{split}_evaluator') and cfg.get(f'{split}_cfg'):
            raise _Wrong(f"there is {split}_dataloader, but no {split}_evaluator: give dict(type='TaskMetrics').")
    for key in record.CONFIG_KEYS:
        if cfg.get(key) is not None:
            what = (int, 'a whole number') if key == 'fold' else (str, 'text')
            _expect(cfg[key], key, *what)
    _check_environment(cfg.get('env_cfg'))
    for key in _LOADERS:
        if cfg.get(key) is not None:
            _check_loader(cfg[key], key, trains)
    _check_schedule(cfg.get('train_cfg'))
    if 'default_hooks' in cfg:
        _expect(cfg.default_hooks, 'default_hooks', Mapping,
                "a dictionary, name -> hook, as in dict(timer=dict(type='IterTimerHook'))")


def _check_loader(loader: Any, path: str, complete: bool) -> None:
    _expect(loader, path, Mapping, 'a dictionary with dataset, sampler and batch_size')
    known = set(inspect.signature(DataLoader).parameters) | {'num_batch_per_epoch'}
    for key in loader:
        if key not in known:
            raise _unknown(f'{path}.{key}', 'a loader', key, known)
    for key, example in (('dataset', "dict(type='NYUDMT', data_root=...)"), ('sampler', "dict(type='ShuffleSampler')")):
        if loader.get(key) is None and (complete or key == 'dataset'):
            raise _Wrong(f'{path} has no {key}: give one, as in {key}={example}.')
    if loader.get('collate_fn', True) is None:
        raise _Wrong(f"{path}.collate_fn=None: give dict(type='mtkd_collate').")
    if 'batch_size' in loader:
        _expect(loader['batch_size'], f'{path}.batch_size', int, 'a whole number of 1 or more')
    for key, kind, what in (('num_workers', int, 'a whole number, 0 or more'), ('persistent_workers', bool, 'True or False'),
                            ('pin_memory', bool, 'True or False'), ('drop_last', bool, 'True or False')):
        if key in loader:
            _expect(loader[key], f'{path}.{key}', kind, what)
    if loader.get('persistent_workers') and not loader.get('num_workers'):
        raise _Wrong(f'{path}.persistent_workers=True needs num_workers of 1 or more; it is {loader.get("num_workers", 0)}.')


def _check_environment(env: Any) -> None:
    """Check ``env_cfg``, which MMEngine passes to PyTorch and OpenCV unchecked."""
    if env is None:
        return
    _expect(env, 'env_cfg', Mapping, 'a dictionary, as in dict(dist_cfg=dict(backend=...))')
    for key, inner, kind, what in (
            ('mp_cfg', 'mp_start_method', str, f'one of {", ".join(multiprocessing.get_all_start_methods())}'),
            ('mp_cfg', 'opencv_num_threads', int, 'a whole number, 0 or more'),
            ('dist_cfg', 'backend', str, "the name of a backend of torch.distributed, such as 'nccl' or 'gloo'")):
        part = env.get(key)
        if part is None:
            continue
        _expect(part, f'env_cfg.{key}', Mapping, f'a dictionary, as in dict({inner}=...)')
        if part.get(inner) is not None:
            _expect(part[inner], f'env_cfg.{key}.{inner}', kind, what)
    method = (env.get('mp_cfg') or {}).get('mp_start_method')
    if method is not None and method not in multiprocessing.get_all_start_methods():
        raise _Wrong(f'env_cfg.mp_cfg.mp_start_method={method!r} must be one of '
                     f'{", ".join(multiprocessing.get_all_start_methods())}.')


def _check_schedule(train: Any) -> None:
    if train is None:
        return
    _expect(train, 'train_cfg', Mapping, "a dictionary, as in dict(type='TrainLoop', max_iters=1000)")
    lengths = [key for key in ('max_iters', 'max_epochs') if train.get(key) is not None]
    if len(lengths) == 2:
        raise _Wrong(f'train_cfg has max_iters={train.max_iters} and max_epochs={train.max_epochs}: give one of them, and '
                     f'set the other to None.')
    if not lengths:
        raise _Wrong('train_cfg does not give the length of the training: give max_iters or max_epochs.')


def _visit(node: Any, path: str, key: str, in_links: bool) -> None:
    """Check the value of a key recursively."""
    if key in _BY_NAME:
        return
    if path in _MEMBERS and node is not None:
        _expect(node, path, Mapping, 'a dictionary, name -> dict(type=...)')
        for name, part in node.items():
            if part is not None or path not in ('default_hooks', 'model.net.heads'):
                _object(part, f'{path}.{name}', _MEMBERS[path], in_links)
    elif key == 'links':
        _links(node, path)
    elif key == 'loss' and in_links:
        _object(node, path, _DISTILL_LOSS, True)
    elif in_links and isinstance(node, str):
        return  # for example the name of a layer
    elif key in _PLACES and node is not None and (key != 'model' or path == key):
        place = _PLACES[key] if path == f'model.net.{key}' else _NESTED.get(key, _PLACES[key])
        if key in _LISTS and isinstance(node, list | tuple):
            for i, part in enumerate(node):
                _object(part, f'{path}[{i}]', place, in_links)
        else:
            _object(node, path, place, in_links)
    elif isinstance(node, Mapping):
        for name, part in node.items():
            _number(part, f'{path}.{name}', str(name))
            _visit(part, f'{path}.{name}', str(name), in_links)
    elif isinstance(node, list | tuple):
        for i, part in enumerate(node):
            _visit(part, f'{path}[{i}]', '', in_links)


def _links(node: Any, path: str) -> None:
    if node is None:
        return
    if isinstance(node, Mapping):
        for template, parts in node.items():
            place, where = _CONTRAST if template == 'between_tasks' else _LINK, f'{path}.{template}'
            if isinstance(parts, Mapping):
                _object(parts, where, place, True)
            elif parts is not None:
                _expect(parts, where, (list, tuple), 'a link, dict(loss=dict(type=...)), or a list of them')
                for i, part in enumerate(parts):
                    _object(part, f'{where}[{i}]', place, True)
        return
    _expect(node, path, (list, tuple), 'a list of links, or a dictionary of templates')
    for i, part in enumerate(node):
        _object(part, f'{path}[{i}]', _LINK, True)


def _object(node: Any, path: str, place: _Place, in_links: bool) -> None:
    """Check a dictionary that is built by a registry, recursively."""
    if callable(node) or (node is None and place is _TEACHER and '.teachers.' in path):  # None removes an inherited teacher
        return
    _expect(node, path, Mapping, 'a dictionary with a type, dict(type=...)')
    if 'type' in node and not isinstance(node['type'], str) and not callable(node['type']):
        raise _Wrong(f'{path}.type={_shown(node["type"])} must be the name of a class, as text{_known(place.registry)}.')
    name = node.get('type') or place.type
    if 'config' in node:
        _expect(node['config'], f'{path}.config', (str, Path), 'the path of a config file, as text')
    elif place is _TEACHER and not node.get('type') and not node.get('net'):
        raise _Wrong(f"{path}={_shown(node)} does not specify the network: give config='FILE', or a type.")
    if not name and place.needs_type and 'config' not in node:
        raise _Wrong(f'{path}={_shown(node)} has no type: give the class to build, dict(type=...)'
                     f'{_known(place.registry)}.')
    found = _find(name, place.registry, path) if name else None
    if found is not None:
        _arguments(node, path, name if isinstance(name, str) else found.__name__, found, place)
    for key, part in node.items():
        if key != 'type':
            _number(part, f'{path}.{key}', str(key))
            _visit(part, f'{path}.{key}', str(key), in_links)


def _known(where: mm_registry.Registry) -> str:
    names = sorted(where.module_dict)
    return f'; there are {", ".join(names[:8])}{", ..." if len(names) > 8 else ""}' if names else ''


def _find(name: Any, where: mm_registry.Registry, path: str) -> Any:
    """Look up a type, first in the registry of its position, then in all others."""
    if not isinstance(name, str):
        if callable(name):
            return name
        raise _Wrong(f'{path}.type={_shown(name)} must be the name of a class, as text.')
    found = where.get(name)
    if found is not None:
        return found
    kinds = mm_registry.Registry | registry.Registry
    others = [other for other in vars(registry).values() if isinstance(other, kinds) and other is not where]
    elsewhere = next((other for other in others if other.get(name) is not None), None)
    if isinstance(where, registry.Registry):
        text = where.explain_unknown(name)
    else:
        near = difflib.get_close_matches(name, where.module_dict, n=3, cutoff=0.5)
        text = f"'{name}' is not in the {where.name} registry; nearest: {', '.join(near) or 'none'}."
    if elsewhere is not None:
        text = f"'{name}' is a {elsewhere.name}, but a {where.name} is needed here{_known(where)}."
    raise _Wrong(f'{path}.type: {text}')


def _arguments(node: Mapping[str, Any], path: str, name: str, built: Any, place: _Place) -> None:
    signature = _signature(built)
    inside = place.also | place.given | {'type', '_scope_'}
    for key, value in node.items():
        if key in inside and key not in signature.types:
            continue
        if key not in signature.types and not signature.open:
            raise _unknown(f'{path}.{key}={_shown(value)}', name, key, set(signature.types) - place.given)
        visited = value is not None and (key in _VISITED or f'{path}.{key}' in _MEMBERS)
        by_task = place is _LINK and key == 'weight'
        if key in signature.types and not visited and not by_task and not _is_default(value, key, signature):
            _check_type(value, signature.types[key], f'{path}.{key}', name)
    missing = [key for key in signature.types
               if key not in signature.defaults and key not in node and key not in inside]
    if missing and 'config' not in node:
        raise _Wrong(f'{path}: {name} needs {" and ".join(missing)}, which the config does not give.')


def _is_default(value: Any, key: str, signature: _Signature) -> bool:
    if key not in signature.defaults:
        return False
    default = signature.defaults[key]
    return value is default or (type(value) is type(default) and isinstance(value, str | int | float) and value == default)


def _unknown(where: str, name: str, key: str, known: Iterable[str]) -> _Wrong:
    near = difflib.get_close_matches(key, list(known), n=2, cutoff=0.5)
    allowed = f'did you mean {" or ".join(near)}?' if near else f'it takes {", ".join(sorted(known)) or "no arguments"}.'
    error = _Wrong(f"{where}: {name} has no argument '{key}'; {allowed}")
    error.unknown = True
    return error


def _expect(value: Any, path: str, kind: type | tuple[type, ...], what: str) -> None:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _Wrong(f'{path}={_shown(value)} must be {what}.')
    _number(value, path, path.rsplit('.', 1)[-1])


def _number(value: Any, path: str, key: str) -> None:
    """Check the range of numbers by their key (counts, sizes, rates), and that they are not NaN."""
    if isinstance(value, list | tuple) and key in _SIZES:
        for i, side in enumerate(value):
            _number(side, f'{path}[{i}]', key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if math.isnan(value):
        raise _Wrong(f'{path}=nan must be a {"finite number of 0 or more" if key in _NOT_NEGATIVE else "number"}.')
    if '.kwargs.' in path:
        return  # arguments of a network of another library
    if (key in _POSITIVE and value == 0) or (key in _COUNTS | _SIZES and value < 1):
        raise _Wrong(f'{path}={value} must be 1 or more'
                     + ('; set it to None for no validation.' if key == 'val_interval' else '.'))
    if key in _SHARES and not 0 <= value <= 1:
        raise _Wrong(f'{path}={value} must be a number from 0 to 1.')
    if key in _NOT_NEGATIVE and (value < 0 or not math.isfinite(value)):
        raise _Wrong(f'{path}={value} must be a finite number of 0 or more.')


def _shown(value: Any) -> str:
    text = repr(value.to_dict() if hasattr(value, 'to_dict') else value)
    return text if len(text) <= 80 else f'{text[:77]}...'


@cache
def _signature(built: Callable[..., Any]) -> _Signature:
    """The arguments of a class, including those passed on to its bases, or of a function."""
    types_: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    opened = takes_out = False
    for function in _constructors(built):
        opened = elsewhere = False
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            return _Signature(types_, defaults, True)
        hints = _hints(function)
        for parameter in parameters[1:] if inspect.isclass(built) else parameters:
            if parameter.kind is parameter.VAR_KEYWORD:
                opened = True
                elsewhere = inspect.isclass(built) and not _hands_on(function, parameter.name)
                takes_out = takes_out or (inspect.isclass(built) and _looks_into(function, parameter.name))
            elif parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                types_.setdefault(parameter.name, hints.get(parameter.name, _type_of_default(parameter.default)))
                if parameter.default is not parameter.empty:
                    defaults.setdefault(parameter.name, parameter.default)
        if not opened or elsewhere:
            break
    return _Signature(types_, defaults, opened or takes_out)


def _type_of_default(default: Any) -> Any:
    """The type of an argument without an annotation, from its default value."""
    if isinstance(default, bool | str):
        return type(default)
    return float if isinstance(default, int | float) else Any


def takes(built: Callable[..., Any], argument: str) -> bool:
    """Whether a class or function accepts an argument of this name."""
    signature = _signature(built)
    return signature.open or argument in signature.types


def _constructors(built: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    if not inspect.isclass(built):
        yield built
        return
    for base in inspect.getmro(built):
        if base in (object, nn.Module):
            yield _nothing
            return
        if '__init__' in vars(base):
            yield base.__init__  # type: ignore[misc]


def _hands_on(function: Callable[..., Any], name: str) -> bool:
    """Whether a constructor passes its ``**name`` to the constructor of its base, and to no other call."""
    handed = re.findall(rf'([\w.()]+)\((?:[^()]|\([^()]*\))*\*\*{name}\b', _body(function))
    return bool(handed) and all('super()' in call for call in handed)


def _looks_into(function: Callable[..., Any], name: str) -> bool:
    """Whether a constructor also reads its ``**name``, so that it may accept arguments that its base does not."""
    return len(re.findall(rf'(?<!\*)\b{name}\b', _body(function))) > 0


def _body(function: Callable[..., Any]) -> str:
    """The source of a function without its signature; empty if there is none."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ''
    made = tree.body[0]
    return '\n'.join(ast.unparse(part) for part in made.body) if isinstance(made, ast.FunctionDef) else ''


def _nothing(self: Any) -> None:
    """The constructor of ``object``."""


def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # names that exist only for type checkers
        return {}


def _check_type(value: Any, wanted: Any, path: str, name: str) -> None:
    referring = isinstance(value, Mapping) and 'config' in value  # a reference to the result of another config
    if not referring and not _fits(value, wanted):
        raise _Wrong(f'{path}={_shown(value)} is invalid: {name} expects {_in_words(wanted)}.')


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a config value matches an annotation; undecidable cases match."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is Any:
        return True
    if wanted is None or wanted is type(None):
        return value is None
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in arguments)
    if origin is Literal:
        return value in arguments
    if origin is typing.Annotated:
        return _fits(value, arguments[0])
    kind = origin or wanted
    if not inspect.isclass(kind) or kind is object or getattr(kind, '_is_protocol', False):
        return True
    if kind is bool:
        return isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is str:
        return isinstance(value, str | Path)
    if kind is tuple and arguments and Ellipsis not in arguments:
        return isinstance(value, list | tuple) and len(value) == len(arguments) and all(map(_fits, value, arguments))
    if kind in (list, tuple, set, frozenset) or (issubclass(kind, Iterable) and issubclass(Sequence, kind)) or \
            kind is Sequence:
        return isinstance(value, list | tuple | set | range) and (
            not arguments or all(_fits(item, arguments[0]) for item in value))
    if kind is dict or (issubclass(kind, Mapping) and issubclass(dict, kind)):
        return isinstance(value, Mapping) and (len(arguments) != 2 or all(_fits(item, arguments[1])
                                                                         for item in value.values()))
    if issubclass(kind, Path):
        return isinstance(value, str | Path)
    if kind in (int, float, str, bytes) or value is None:
        return False
    if issubclass(kind, Tensor):
        return isinstance(value, Tensor)
    return isinstance(value, Mapping | kind) or callable(value) or not isinstance(value, str | int | float | list | tuple)


def _in_words(wanted: Any) -> str:
    """A readable form of an annotation."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if wanted is None or wanted is type(None):
        return 'None'
    if origin in (typing.Union, types.UnionType):
        parts = list(dict.fromkeys(_in_words(part) for part in arguments))
        return ' or '.join(parts)
    if origin is Literal:
        return f'one of {", ".join(map(repr, arguments))}'
    kind = origin or wanted
    if kind in _WORDS:
        return _WORDS[kind]
    if kind is tuple and arguments and Ellipsis not in arguments:
        return f'{len(arguments)} values ({", ".join(map(_in_words, arguments))})'
    if inspect.isclass(kind) and issubclass(kind, Mapping):
        return 'a dictionary'
    if inspect.isclass(kind) and issubclass(kind, Iterable):
        inner = [part for part in arguments[:1] if part is not Any]
        return 'a list' + (f' with elements that are {_in_words(inner[0])}' if inner else '')
    return f'a {getattr(kind, "__name__", str(kind))} or its config'


_WORDS = {bool: 'True or False', int: 'a whole number', float: 'a number', str: 'text', Path: 'a path', dict: 'a dictionary'}
