"""Metadata of a run in its results record."""

import datetime
import importlib.metadata
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from .. import __version__
from .facts import Facts

CONFIG_KEYS = ('suite', 'method', 'student', 'backbone', 'data_set', 'train_set', 'test_set', 'domain', 'fold')
NAMES = CONFIG_KEYS[:5]  # keys that identify the row of results
PACKAGES = ('torch', 'torchvision', 'mmengine', 'timm', 'numpy', 'opencv-python', 'scipy', 'torchjd')


def code_version() -> str:
    """Version of mtkd, with the commit (and ``+`` for uncommitted changes) when it runs from a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / '.git').exists():
        return __version__
    try:
        commit = subprocess.run(['git', '-C', str(root), 'describe', '--always', '--dirty=+'], capture_output=True,
                                text=True, check=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return __version__
    return f'{__version__}-{commit}'


def versions() -> dict[str, str]:
    """Versions of the packages that affect results."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def peak_memory(device: torch.device) -> int:
    """Bytes: peak of the allocator on a GPU, peak resident size of the process on a CPU."""
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def network_name(net: Mapping[str, Any]) -> str:
    """Default name of a network without ``student``: its backbone's name, or the type of the backbone or trunk."""
    part = net.get('backbone') or net.get('trunk') or {}
    return str(part.get('name') or part.get('type') or 'network')


def describe(facts: Facts, config: str) -> dict[str, Any]:
    """The fields of a results record on model, data, protocol, date and cost.

    Args:
        facts: result of :func:`mtkd.engine.run.test`.
        config: the config file, as the user named it.
    """
    cfg = facts.cfg
    test_set = cfg.test_dataloader.dataset
    data_set, name = cfg.get('data_set', test_set.type), network_name(cfg.model.net)
    return {
        'suite': cfg.get('suite', Path(config).stem), 'method': cfg.get('method', Path(config).stem),
        'config': config, 'config_sha256': facts.meta.get('config_sha256') or cfg.config_sha256,
        'seed': int(facts.meta.get('seed', cfg.randomness.seed)),
        'student': cfg.get('student', name), 'backbone': cfg.get('backbone', name),
        'teachers': list(facts.teachers), 'tasks': list(facts.metrics),
        'role': 'single_task' if len(cfg.tasks) == 1 else 'multi_task',
        'params': facts.cost.params, 'macs': facts.cost.macs, 'input_size': list(facts.cost.input_size),
        'images_per_second': facts.cost.images_per_second, 'peak_memory_bytes': facts.peak_memory_bytes,
        'train_set': cfg.get('train_set', data_set),
        'test_set': cfg.get('test_set') or f'{data_set}, {test_set.get("split", "test")}',
        'domain': cfg.get('domain', test_set.get('domain')), 'fold': cfg.get('fold', test_set.get('fold')),
        'device': facts.device, 'versions': versions(), 'code_version': code_version(), 'primary': facts.primary,
        'protocol': facts.protocol,
        'time': datetime.datetime.now().astimezone().isoformat(timespec='seconds'),
        'command': ' '.join(['python', *sys.argv])}
