"""Loads a trained student from a config and a checkpoint, without teachers, balance or data sets."""

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
    """A student for deployment.

    Attributes:
        net: the network, on the CPU, in eval mode.
        tasks: name -> task.
        preprocessor: normalises raw uint8 images for the network.
        cfg: the config, with the options merged in.
        config_sha256: hash of that config.
        meta: ``meta`` of the checkpoint; empty for a plain state dict.
        parts: config of the network: ``model.net`` with resolved prerequisites and without pretrained weights.
        class_names: task -> names of its classes, for tasks whose data set or config gives them.
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
    """Build the network of a config and load the weights of a checkpoint.

    Args:
        config: config file the checkpoint was trained with.
        checkpoint: ``final.pth``, ``iter_N.pth``, or a state dict of the network alone.
        options: dotted key -> value, as ``--cfg-options``.

    Raises:
        FileNotFoundError: there is no such config or checkpoint, or a genotype or expert of the network is missing.
        ValueError: the config is not a training config, or the checkpoint is damaged or does not fit the config.
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
    """Task -> names of its classes, if the config or the class of a data set gives them; no data are read."""
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
    """The config of a backbone without pretrained weights, since the checkpoint contains all weights."""
    if not isinstance(part, Mapping):
        return part
    off = {'pretrained': False, 'checkpoint': None, 'weights': None}
    return {key: off[key] if key in off else without_weights(value) for key, value in part.items()}


def _of_net(weights: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights of the network in a checkpoint or state dict."""
    state = weights.get('state_dict', weights)
    if any(key.startswith('net.') for key in state):
        return {key.removeprefix('net.'): value for key, value in state.items() if key.startswith('net.')}
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}
