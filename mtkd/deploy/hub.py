"""A trained student as a folder that a model hub takes: the weights as safetensors, a ``config.json``, and a model card.

Frozen experts inside the network (``JointTrunk``) are in no state dict; their weights lie beside it, in a file of their own.

``config.json`` holds plain values only, no Python, and names the parts by their registered names, so that loading a folder
of somebody else runs no code of theirs.
"""

import copy
import json
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from .. import __version__, atomic
from ..distill import Teacher
from ..engine.checkpoint import check_fit
from ..engine.loaders import datasets_of
from ..engine.record import NAMES
from ..models import build_net
from ..models.weights_file import read_weights
from ..registry import MODELS
from ..structures import Size
from ..tasks import build_tasks
from .export import Deployed, Exported, difference_of, not_deployed, random_picture, try_size, usual_size
from .student import Student, without_weights

WEIGHTS, CONFIG, CARD = 'model.safetensors', 'config.json', 'README.md'
EXPERTS = 'experts.safetensors'  # of a JointTrunk: they are no part of its state dict
SCHEMA = 1  # of config.json; a newer one is refused
_NAMED = (*NAMES, 'data_licence')  # of the config, for people
_NEEDED = ('tasks', 'net', 'data_preprocessor', 'pipeline', 'input_size')


def write_folder(student: Student, folder: Path, size: Size | None = None) -> Exported:
    """Write weights and config, load both again, and compare the outputs with the network's.

    Args:
        student: of :func:`~mtkd.deploy.student.load_student`.
        folder: where to write; it may hold an earlier export.
        size: (height, width) to compare at; None: the config's own.

    Raises:
        ValueError: the folder holds something else, the network is not deployed, an expert in it cannot be described, or
            a value of its config cannot stand in JSON.
        RuntimeError: the folder's outputs differ from the network's.
    """
    if reason := not_deployed(student.net):
        raise ValueError(f'{student.cfg.filename}: {reason}.')
    parts = _own_parts(student)
    _refuse_foreign(folder)
    size = size or usual_size(student)
    net = Deployed(student).cpu().eval()
    try_size(net, size)
    text = _json({**_content(student, size), 'net': parts}, str(student.cfg.filename))
    from safetensors.torch import save_file
    experts = {f'{name}/{key}': value for name, expert in _experts(student.net)
               for key, value in expert.state_dict().items()}
    for file, state in ((WEIGHTS, student.net.state_dict()), (EXPERTS, experts)):
        weights = {name: value.detach().cpu().contiguous().clone() for name, value in state.items()}
        if not weights:  # of an earlier export
            (folder / file).unlink(missing_ok=True)
            continue
        need = sum(value.numel() * value.element_size() for value in weights.values())
        with atomic.replacing(folder / file, need) as partial:
            save_file(weights, str(partial), metadata={'format': 'pt'})
    atomic.write_text(folder / CONFIG, text)
    again = Deployed(read_folder(folder)).cpu().eval()
    picture = random_picture(2, size)
    with torch.no_grad():
        difference = difference_of(list(student.tasks), net(picture), again(picture))
    for task, value in difference.items():
        if value != 0:
            raise RuntimeError(f"the folder {folder}, loaded again, disagrees with the network on task '{task}' by "
                               f'{value:.3g}: do not use it; a network that is not finite, or draws at random, cannot be '
                               f'exported.')
    return Exported(folder, 'hub', size, ('batch', 'size'), difference, 'the folder, loaded again')


def read_folder(folder: str | Path) -> Student:
    """The student in a folder that :func:`write_folder` has written; the network on the CPU, in eval mode.

    Raises:
        FileNotFoundError: the folder, or one of its files, does not exist.
        ValueError: a file is broken, not of mtkd, of a newer mtkd, or the two do not fit.
    """
    folder = Path(folder)
    given = _read_config(folder / CONFIG)
    _check_imports(given.get('custom_imports'), folder / CONFIG)
    state = read_weights(_there(folder / WEIGHTS, 'the weights'), 'the weights')
    tasks = build_tasks(given['tasks'])
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'A teacher has no checkpoint')  # experts get their weights below
        net = build_net(without_weights(given['net']), {name: task.out_channels for name, task in tasks.items()})
    _load_experts(net, folder)
    check_fit(net, state, f'the weights {folder / WEIGHTS}')
    net.load_state_dict(state)
    preprocessor = MODELS.build({'type': 'Preprocessor', **given['data_preprocessor']})
    cfg = Config({**{key: given[key] for key in _NAMED if given.get(key) is not None}, 'tasks': given['tasks'],
                  'model': {'net': given['net'], 'data_preprocessor': given['data_preprocessor']},
                  'test_dataloader': {'dataset': {'type': 'Folder', 'pipeline': given['pipeline']}}})
    names = {task: tuple(found) for task, found in (given.get('class_names') or {}).items()}
    meta = {key: given[key] for key in ('seed', 'config_sha256') if given.get(key) is not None}
    return Student(net.eval(), tasks, preprocessor, cfg, given.get('config_sha256') or '', meta, given['net'], names)


def _content(student: Student, size: Size) -> dict[str, Any]:
    """What ``config.json`` says."""
    cfg = student.cfg
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader')
    pipeline = next((d.get('pipeline') for d in datasets_of(loader) if not d.get('datasets')), None)
    return {'library_name': 'mtkd', 'schema_version': SCHEMA, 'mtkd_version': __version__,
            **{key: cfg.get(key) for key in _NAMED if cfg.get(key) is not None},
            'config_sha256': student.meta.get('config_sha256', student.config_sha256), 'seed': student.meta.get('seed'),
            'input_size': list(size), 'class_names': student.class_names, 'custom_imports': cfg.get('custom_imports'),
            'tasks': cfg.tasks, 'net': student.parts, 'data_preprocessor': cfg.model.get('data_preprocessor') or {},
            'pipeline': pipeline or []}


def _json(content: Mapping[str, Any], config: str) -> str:
    try:
        return json.dumps(content, indent=2, allow_nan=False) + '\n'
    except (TypeError, ValueError) as error:
        raise ValueError(f'{config} has a value that cannot stand in {CONFIG} ({error}): use numbers, text, lists and '
                         f'dictionaries in tasks, model.net, model.data_preprocessor and the test pipeline.') from error


def _own_parts(student: Student) -> dict[str, Any]:
    """The description of the network, whose experts are given without the files that they were loaded from.

    Raises:
        ValueError: an expert is a network of another library, or of a file.
    """
    parts = copy.deepcopy(student.parts)
    pending = [parts]
    while pending:
        trunk = pending.pop().get('trunk') or {}
        given = trunk.get('experts')
        for name, expert in given.items() if isinstance(given, Mapping) else ():
            kind = expert.get('type', 'MultiTaskTeacher')
            if kind != 'MultiTaskTeacher':
                raise ValueError(f"{student.cfg.filename}: a folder cannot hold the expert '{name}' ({kind}), a network of "
                                 f'another library; use --format onnx or torch_export, which write it into the file.')
            expert.update(checkpoint=None, allow_random=True)
            expert.pop('made_by', None)
            pending.append(expert['net'])
    return parts


def _experts(net: nn.Module, prefix: str = '') -> Iterator[tuple[str, nn.Module]]:
    """Path and network of the frozen experts of a trunk, and of theirs before them; expert/expert/… ."""
    for name, expert in (getattr(getattr(net, 'trunk', None), 'experts', None) or {}).items():
        if isinstance(expert, Teacher):
            yield from _experts(expert.net, f'{prefix}{name}/')
            yield f'{prefix}{name}', expert.net


def _load_experts(net: nn.Module, folder: Path) -> None:
    """Give the experts of a network their weights, the inner ones first: a trunk holds its own against their fingerprint."""
    experts = dict(_experts(net))
    if not experts:
        return
    state = read_weights(_there(folder / EXPERTS, 'the weights of the experts'), 'the weights of the experts')
    for name, expert in experts.items():
        own = {key.rpartition('/')[2]: value for key, value in state.items() if key.rpartition('/')[0] == name}
        check_fit(expert, own, f"the weights of the expert '{name}' in {folder / EXPERTS}")
        expert.load_state_dict(own)


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f'{folder} is a file: name a folder with --out.')
    if (folder / CONFIG).is_file():
        _read_config(folder / CONFIG, 'name another folder with --out')


def _there(file: Path, what: str) -> Path:
    if not file.parent.is_dir():
        raise FileNotFoundError(f'there is no folder {file.parent}.')
    if not file.is_file():
        raise FileNotFoundError(f'{file.parent} holds no {file.name}, {what} of a student: write it with mtkd export '
                                f'--format hub, or download the whole folder.')
    return file


def _read_config(file: Path, what_to_do: str = 'name a folder that mtkd export --format hub has written') -> dict[str, Any]:
    _there(file, 'the description')
    try:
        given = json.loads(file.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{file} is damaged ({error}): copy or download it again.') from error
    if not isinstance(given, dict) or given.get('library_name') != 'mtkd':
        raise ValueError(f'{file} is not of mtkd (its library_name is not mtkd): {what_to_do}.')
    schema = given.get('schema_version')
    if not isinstance(schema, int) or schema > SCHEMA:
        raise ValueError(f'{file} has schema version {schema!r}, and this mtkd ({__version__}) reads up to {SCHEMA}: it was '
                         f'written by mtkd {given.get("mtkd_version", "(not stated)")}; install that or a newer one.')
    for key, kind in zip(_NEEDED, (dict, dict, dict, list, list), strict=True):
        if not isinstance(given.get(key), kind):
            raise ValueError(f"{file} is damaged: '{key}' must be {'an object' if kind is dict else 'a list'}; copy or "
                             f'download it again.')
    _plain_types(given, file)
    return given


def _check_imports(imports: Any, file: Path) -> None:
    """Refuse a student of packages that are not imported yet: a folder may come from anybody and imports nothing itself."""
    named = imports.get('imports', []) if isinstance(imports, Mapping) else []
    missing = [name for name in ([named] if isinstance(named, str) else named) if name not in sys.modules]
    if missing:
        them = 'it' if len(missing) == 1 else 'them'
        raise ValueError(f'{file}: the student has parts of {", ".join(missing)}; import {them} before you load the folder, '
                         f'which imports nothing itself because it may come from anybody.')


def _plain_types(value: Any, file: Path) -> None:
    """Refuse a ``type`` that is not a registered part's bare name: a dotted one would import and call anything."""
    if isinstance(value, Mapping):
        kind = value.get('type')
        if kind is not None and not (isinstance(kind, str) and kind.isidentifier()):
            raise ValueError(f'{file} names the type {kind!r}: only bare names of registered parts are read, because a path '
                             f'of a module could run anything.')
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, Sequence) \
            and not isinstance(value, str) else ():
        _plain_types(inner, file)
