"""The compared networks: found by their configs, built with random weights, run on synthetic scenes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import FUNCTIONS

from ...config_files import HOME, matching_configs
from ...engine.config import config_hash, load_config
from ...engine.prerequisite import resolved
from ...engine.record import network_name
from ...engine.smoke import smoke
from ...models import MultiTaskModel
from ...registry import DATASETS, MODELS
from ...structures import Batch, Size
from .named import COMPARED


@dataclass(frozen=True)
class Comparator:
    """A compared network.

    Attributes:
        name: the config's ``method``; followed by the stem of the config if the name is not unique.
        backbone: name of the backbone in the config.
        config: the file, relative to the checkout if inside it.
        sha256: hash of the network, its tasks and its normalisation in the config.
        cfg: the config.
    """

    name: str
    backbone: str
    config: str
    sha256: str
    cfg: Config

    @property
    def stem(self) -> str:
        """The name of the config file."""
        return Path(self.config).stem


def find_comparators(patterns: Sequence[str] = COMPARED) -> list[Comparator]:
    """The distinct multi-task networks of some configs; a config with the same network as an earlier one is skipped.

    Args:
        patterns: files, or patterns of them, from the working directory or the checkout; each pattern's are sorted.

    Raises:
        ValueError: no config matches a pattern, a config cannot be read, or none has several tasks.
    """
    found: dict[str, Comparator] = {}
    for path in dict.fromkeys(path for pattern in patterns for path in matching_configs(pattern)):
        cfg = load_config(path)
        if len(cfg.get('tasks') or ()) > 1 and 'model' in cfg:
            network = _comparator(path, cfg)
            found.setdefault(network.sha256, network)
    if not found:
        raise ValueError(f'no config of a multi-task network matches {", ".join(patterns)}.')
    names = Counter(network.name for network in found.values())
    return [replace(network, name=f'{network.name} [{network.stem}]') if names[network.name] > 1 else network
            for network in found.values()]


def choose_comparators(networks: Sequence[Comparator], only: Sequence[str]) -> list[Comparator]:
    """Select networks by name or by the stem of their config; without names, return all.

    Raises:
        ValueError: a name is unknown.
    """
    for name in only:
        if not any(name in (network.name, network.stem) for network in networks):
            raise ValueError(f"--only {name}: there is no such network; there are "
                             f"{', '.join(f'{network.stem} ({network.name})' for network in networks)}.")
    return [network for network in networks if not only or {network.name, network.stem} & set(only)]


def build_model(network: Comparator, seed: int = 0, device: str = 'cpu') -> MultiTaskModel:
    """Build the model of a network in training mode, with random weights and without a distiller.

    Nothing is read or downloaded.
    """
    cfg = smoke(resolved(network.cfg, seed, random=True, network_only=True))
    torch.manual_seed(seed)
    return MODELS.build({**cfg.model, 'type': 'MultiTaskModel', 'tasks': cfg.tasks, 'distiller': None}).to(device).train()


def synthetic_batch(model: MultiTaskModel, count: int, size: Size, seed: int = 0) -> Batch:
    """``count`` synthetic scenes of (height, width) with a label for each of the model's tasks, on the model's device."""
    tasks = model.tasks
    classes = {name: number for name, task in tasks.items() if (number := getattr(task, 'num_classes', None))}
    dataset = DATASETS.build({'type': 'SyntheticScenes', 'tasks': {name: task.kind.name for name, task in tasks.items()},
                              'num_classes': classes, 'size': size, 'num_samples': count, 'seed': seed})
    return model.data_preprocessor(FUNCTIONS.get('mtkd_collate')([dataset[i, 0] for i in range(count)]), True)


def _comparator(path: str, cfg: Config) -> Comparator:
    inside = Path(path).is_relative_to(HOME)
    config = str(Path(path).relative_to(HOME)) if inside else path
    parts = {'net': cfg.model.net, 'data_preprocessor': cfg.model.get('data_preprocessor'), 'tasks': cfg.tasks}
    backbone = cfg.get('backbone') or network_name(cfg.model.net)
    return Comparator(cfg.get('method', Path(path).stem), backbone, config, config_hash(parts), cfg)
