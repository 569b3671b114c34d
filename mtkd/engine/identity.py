"""Identity of the run of a checkpoint, and the differences between two runs."""

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

from .config import config_hash
from .record import CONFIG_KEYS

NEUTRAL = (  # keys that may change when resuming, because they do not affect the weights
    *CONFIG_KEYS, 'data_licence', 'work_dir', 'log_level',
    'log_processor*', 'visualizer*', 'env_cfg*', 'default_hooks.logger*', 'default_hooks.timer*',
    'default_hooks.runtime_info*', 'default_hooks.checkpoint*', 'default_hooks.finite*', 'default_hooks.sampler_seed',
    '*_dataloader.num_workers', '*_dataloader.persistent_workers', '*_dataloader.prefetch_factor',
    '*_dataloader.pin_memory', '*.data_root', 'test_*', 'config_sha256', 'load_from', 'resume')
_OF_OTHERS = (  # keys of results of other configs, which are checked there, and of validation
    'model.distiller.teachers.*', 'model.net.trunk.experts.*', 'model.net.neck.genotype*', 'pseudo_labels.teacher*', 'val_*',
    'report*', 'train_cfg.val_interval', 'default_hooks*')
SHOWN = 4


@dataclass(frozen=True)
class Identity:
    """Identifies a run; stored in checkpoints as plain values.

    Attributes:
        config: the config with its options merged and its teachers resolved, as JSON.
        config_sha256: hash of the config, see :func:`~mtkd.engine.config.config_hash`.
        seed: the seed.
        amp: ``--amp``.
        compile: ``--compile``.
        smoke: ``--smoke``.
        ranks: number of processes.
    """

    config: str
    config_sha256: str
    seed: int
    amp: str | None
    compile: bool
    smoke: bool
    ranks: int

    @classmethod
    def of(cls, cfg: Mapping[str, Any], *, seed: int, amp: str | None = None, compile: bool = False, smoke: bool = False,
           ranks: int = 1) -> 'Identity':
        """The identity of a run, from a loaded and resolved, but not prepared config."""
        return cls(json.dumps(cfg, sort_keys=True, default=str), config_hash(cfg), seed, amp, compile, smoke, ranks)

    def plain(self) -> dict[str, Any]:
        """Plain values for the ``meta`` of a checkpoint."""
        return asdict(self)

    @classmethod
    def read(cls, meta: Mapping[str, Any]) -> 'Identity | None':
        """The identity in the ``meta`` of a checkpoint; None for old checkpoints without one."""
        found = meta.get('identity')
        return cls(**found) if isinstance(found, Mapping) else None


def differences(then: Mapping[str, Any], now: Identity) -> list[str]:
    """The differences between the run of a checkpoint and this run, one phrase each.

    Args:
        then: the checkpoint's ``meta``.
        now: this run.
    """
    before = Identity.read(then)
    if before is None:  # old checkpoint: only the hash and the seed are known
        found = [_phrase('seed', then.get('seed'), now.seed)] if then.get('seed', now.seed) != now.seed else []
        if then.get('config_sha256') and then['config_sha256'] != now.config_sha256:
            found.append(f'the config (sha256 {then["config_sha256"][:8]} then, {now.config_sha256[:8]} now)')
        return found
    found = [_phrase(name, getattr(before, name), getattr(now, name))
             for name in ('seed', 'amp', 'compile', 'smoke', 'ranks') if getattr(before, name) != getattr(now, name)]
    return found + _between(before.config, now.config, NEUTRAL)


def config_differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The differences between the config that a network was trained with and another config, one phrase each.

    References to results of other configs (teachers, experts, a genotype) and validation settings are not compared.

    Args:
        then: the checkpoint's ``meta``; an old checkpoint without an identity has no differences.
        now: the other config, loaded but not resolved.
    """
    before = Identity.read(then)
    if before is None:
        return []
    return _between(before.config, json.dumps(now, sort_keys=True, default=str), (*NEUTRAL, *_OF_OTHERS))


def _between(then: str, now: str, neutral: Sequence[str]) -> list[str]:
    """The differences of two configs, given as JSON, in keys that are not neutral."""
    old, new = dict(_flat(json.loads(then))), dict(_flat(json.loads(now)))
    names = [name for name in {**new, **old} if not any(fnmatch.fnmatchcase(name, pattern) for pattern in neutral)]
    return [_phrase(name, old.get(name, _ABSENT), new.get(name, _ABSENT)) for name in names
            if _comparable(old.get(name, _ABSENT)) != _comparable(new.get(name, _ABSENT))]


def in_words(found: list[str]) -> str:
    """The first few differences as part of a sentence."""
    more = f' and {len(found) - SHOWN} more' if len(found) > SHOWN else ''
    return ', '.join(found[:SHOWN]) + more


_ABSENT = '(absent)'


def _phrase(name: str, then: Any, now: Any) -> str:
    return f'{name} ({_short(then)} then, {_short(now)} now)'


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _flat(value: Any, name: str = '') -> Iterator[tuple[str, Any]]:
    """Dotted name -> value of every leaf; empty containers are leaves."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not value or not isinstance(value, dict | list):
        yield name, value
    for key, inner in items:
        yield from _flat(inner, f'{name}.{key}' if name else str(key))


def _comparable(value: Any) -> Any:
    """A value for comparison: a path of a checkpoint is reduced to its run, independent of seed and location."""
    if isinstance(value, str) and value.endswith('.pth'):
        return re.sub(r'(^|/)seed\d+/', r'\1seed/', '/'.join(PurePath(value).parts[-3:]))
    return 'nan' if value != value else value
