"""A trained student as a folder for a model hub: the weights as safetensors, a ``config.json``, and a model card.

Frozen experts inside the network (``JointTrunk``) are not in its state dict; their weights are written to a separate file.

``config.json`` contains only plain values, no Python, and refers to parts by their registered names. Loading a folder from
an unknown source therefore executes no code from it.
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
EXPERTS = 'experts.safetensors'  # weights of the experts of a JointTrunk, which are not in its state dict
SCHEMA = 1  # version of config.json; newer versions are rejected
_NAMED = (*NAMES, 'data_licence')  # descriptive keys of the config
_NEEDED = ('tasks', 'net', 'data_preprocessor', 'pipeline', 'input_size')


def write_folder(student: Student, folder: Path, size: Size | None = None) -> Exported:
    """Write weights and config, load both again, and compare the outputs with those of the network.

    Args:
        student: result of :func:`~mtkd.deploy.student.load_student`.
        folder: the output folder; it may contain an earlier export.
        size: (height, width) for the comparison; None: that of the config (:func:`~mtkd.deploy.export.usual_size`).

    Returns:
        Description of the export.

    Raises:
        ValueError: the folder contains something else, the network cannot be deployed or does not support the size, an
            expert is not a network of mtkd, or a value of the config cannot be written as JSON.
        RuntimeError: the outputs of the folder differ from those of the network.
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
        if not weights:  # remove the file of an earlier export
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
            raise RuntimeError(f'the outputs of the folder {folder}, loaded again, differ from those of the network for '
                               f"task '{task}' by {value:.3g}: do not use it; a network with non-finite or random outputs "
                               f'cannot be exported.')
    return Exported(folder, 'hub', size, ('batch', 'size'), difference, 'the folder, loaded again')


def read_folder(folder: str | Path) -> Student:
    """Load the student from a folder written by :func:`write_folder`, with the network on the CPU in eval mode.

    Raises:
        FileNotFoundError: the folder or one of its files does not exist.
        ValueError: a file is damaged, was not written by mtkd or by a newer version, or needs a package that has not been
            imported, or the weights do not fit the network.
    """
    folder = Path(folder)
    given = _read_config(folder / CONFIG)
    _check_imports(given.get('custom_imports'), folder / CONFIG)
    state = read_weights(_there(folder / WEIGHTS, 'the weights'), 'the weights')
    tasks = build_tasks(given['tasks'])
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'A teacher has no checkpoint')  # the weights of experts are loaded below
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
    """The content of ``config.json``."""
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
        raise ValueError(f'{config} has a value that cannot be written to {CONFIG} ({error}): use numbers, text, lists and '
                         f'dictionaries in tasks, model.net, model.data_preprocessor and the test pipeline.') from error


def _own_parts(student: Student) -> dict[str, Any]:
    """The config of the network, without the files that its experts were loaded from.

    Raises:
        ValueError: an expert is a network of another library.
    """
    parts = copy.deepcopy(student.parts)
    pending = [parts]
    while pending:
        trunk = pending.pop().get('trunk') or {}
        given = trunk.get('experts')
        for name, expert in given.items() if isinstance(given, Mapping) else ():
            kind = expert.get('type', 'MultiTaskTeacher')
            if kind != 'MultiTaskTeacher':
                raise ValueError(f"{student.cfg.filename}: --format hub does not support the expert '{name}' ({kind}), a "
                                 f'network of another library; use --format onnx or torch_export.')
            expert.update(checkpoint=None, allow_random=True)
            expert.pop('made_by', None)
            pending.append(expert['net'])
    return parts


def _experts(net: nn.Module, prefix: str = '') -> Iterator[tuple[str, nn.Module]]:
    """Path (expert/expert/…) and network of all frozen experts of a trunk; the experts of an expert precede it."""
    for name, expert in (getattr(getattr(net, 'trunk', None), 'experts', None) or {}).items():
        if isinstance(expert, Teacher):
            yield from _experts(expert.net, f'{prefix}{name}/')
            yield f'{prefix}{name}', expert.net


def _load_experts(net: nn.Module, folder: Path) -> None:
    """Load the weights of the experts, inner experts first, since a trunk compares its experts with their fingerprint."""
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
        raise FileNotFoundError(f'{file.parent} does not contain {file.name}, {what} of a student: write it with mtkd '
                                f'export --format hub, or download the whole folder.')
    return file


def _read_config(file: Path, what_to_do: str = 'name a folder written by mtkd export --format hub') -> dict[str, Any]:
    _there(file, 'the description')
    try:
        given = json.loads(file.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{file} is damaged ({error}): copy or download it again.') from error
    if not isinstance(given, dict) or given.get('library_name') != 'mtkd':
        raise ValueError(f'{file} was not written by mtkd (its library_name is not mtkd): {what_to_do}.')
    schema = given.get('schema_version')
    if not isinstance(schema, int) or schema > SCHEMA:
        raise ValueError(f'{file} has schema version {schema!r}, but mtkd {__version__} reads up to version {SCHEMA}: '
                         f'it was written by mtkd {given.get("mtkd_version", "(unknown)")}; install that or a newer one.')
    for key, kind in zip(_NEEDED, (dict, dict, dict, list, list), strict=True):
        if not isinstance(given.get(key), kind):
            raise ValueError(f"{file} is damaged: '{key}' must be {'an object' if kind is dict else 'a list'}; copy or "
                             f'download it again.')
    _plain_types(given, file)
    return given


def _check_imports(imports: Any, file: Path) -> None:
    """Raise if the student needs packages that are not imported yet: a folder of unknown source must not import any."""
    named = imports.get('imports', []) if isinstance(imports, Mapping) else []
    missing = [name for name in ([named] if isinstance(named, str) else named) if name not in sys.modules]
    if missing:
        them = 'it' if len(missing) == 1 else 'them'
        raise ValueError(f'{file}: the student needs {", ".join(missing)}; import {them} before you load the folder, which '
                         f'for security cannot import packages itself.')


def _plain_types(value: Any, file: Path) -> None:
    """Raise if a ``type`` is not a plain name: a dotted name could import and call arbitrary code."""
    if isinstance(value, Mapping):
        kind = value.get('type')
        if kind is not None and not (isinstance(kind, str) and kind.isidentifier()):
            raise ValueError(f'{file} has the type {kind!r}: only names of registered parts are allowed, because a dotted '
                             f'path could execute arbitrary code.')
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, Sequence) \
            and not isinstance(value, str) else ():
        _plain_types(inner, file)
