"""A trained student alone, out of a config and a checkpoint: no teacher, no balance, no data set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config
from torch import Tensor, nn

from ..engine.checkpoint import check_fit, load
from ..engine.config import config_hash, load_config
from ..engine.loaders import datasets_of
from ..engine.prerequisite import resolved
from ..models import MultiTaskNet, build_net
from ..registry import DATASETS, MODELS
from ..tasks import Task, build_tasks


@dataclass(frozen=True)
class Student:
    """What is deployed.

    Attributes:
        net: the network, on the CPU, in eval mode.
        tasks: name -> task.
        preprocessor: normalises the raw uint8 image for it.
        cfg: the config, with the options merged in.
        config_sha256: of that config.
        meta: of the checkpoint; empty for a bare state dict.
        parts: what the network was built from: the config's ``model.net`` with earlier runs resolved, without pretrained
            weights.
        class_names: task -> names of its classes, of the tasks whose data set's adapter or config names them.
    """

    net: MultiTaskNet
    tasks: dict[str, Task]
    preprocessor: nn.Module
    cfg: Config
    config_sha256: str
    meta: dict[str, Any]
    parts: dict[str, Any] = field(default_factory=dict)
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)


def load_student(config: str | Path, checkpoint: str | Path, options: Mapping[str, Any] | None = None) -> Student:
    """Build a config's network and give it a checkpoint's weights.

    Args:
        config: config file the checkpoint was trained with.
        checkpoint: ``final.pth``, ``iter_N.pth``, or a state dict of the network alone.
        options: dotted key -> value, as ``--cfg-options``.

    Raises:
        FileNotFoundError: no such config or checkpoint.
        ValueError: the config is none to train, or the checkpoint is broken or another config's.
    """
    weights = load(checkpoint)
    cfg = load_config(config, options)
    if not cfg.get('tasks') or 'model' not in cfg:
        raise ValueError(f'{cfg.filename} is not a training config: it lacks {"model" if cfg.get("tasks") else "tasks"}.')
    digest = config_hash(cfg.to_dict())
    tasks = build_tasks(cfg.tasks)
    meta = weights.get('meta', {}) if isinstance(weights.get('meta', {}), dict) else {}
    parts = resolved(cfg, int(meta.get('seed', 0)), network_only=True).model.net
    if parts.get('backbone'):
        parts.backbone = without_weights(parts.backbone)
    net = build_net(parts, {name: task.out_channels for name, task in tasks.items()})
    state = _of_net(weights)
    check_fit(net, state, f'the checkpoint {checkpoint}')
    net.load_state_dict(state)
    preprocessor = MODELS.build({'type': 'Preprocessor', **(cfg.model.get('data_preprocessor') or {})})
    return Student(net.eval(), tasks, preprocessor, cfg, digest, meta, dict(parts), class_names(cfg, tasks))


def class_names(cfg: Config, tasks: Mapping[str, Task]) -> dict[str, tuple[str, ...]]:
    """Task -> names of its classes, as far as the data sets' adapters, or the config, say them without reading data."""
    found: dict[str, tuple[str, ...]] = {}
    for loader in ('test_dataloader', 'val_dataloader', 'train_dataloader'):
        for dataset in datasets_of(cfg.get(loader)):
            kind = DATASETS.get(dataset['type']) if isinstance(dataset.get('type'), str) else dataset.get('type')
            known = getattr(kind, 'CLASSES', None)
            for task, built in tasks.items():
                rule = dataset.get(task)  # of a DenseFolder
                given = rule.get('classes') if isinstance(rule, Mapping) else None
                names = given or (known.get(task) if isinstance(known, Mapping) else None)
                count = getattr(built, 'num_classes', None)
                if names and len(names) == count and task not in (dataset.get('label_maps') or {}):
                    found.setdefault(task, tuple(str(name) for name in names))
    return found


def without_weights(part: Any) -> Any:
    """A backbone's config that asks for no weights, since the checkpoint brings them all."""
    if not isinstance(part, Mapping):
        return part
    off = {'pretrained': False, 'checkpoint': None, 'weights': None}
    return {key: off[key] if key in off else without_weights(value) for key, value in part.items()}


def _of_net(weights: Mapping[str, Any]) -> dict[str, Tensor]:
    """The network's part of a checkpoint."""
    state = weights.get('state_dict', weights)
    if any(key.startswith('net.') for key in state):
        return {key.removeprefix('net.'): value for key, value in state.items() if key.startswith('net.')}
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}
