"""Build tasks from a configuration."""

from collections.abc import Mapping
from typing import Any

from ..registry import TASKS
from .task import Task

_RESERVED = ('shared', 'trunk')
_FORBIDDEN = {'/': "'/' separates task and term", '.': "'.' separates the parts of a tap",
              'loss': "MMEngine adds up every logged value with 'loss' in its name"}


def build_tasks(cfg: Mapping[str, Mapping[str, Any]]) -> dict[str, Task]:
    """Build the tasks, in the order of the configuration.

    Args:
        cfg: task name -> ``dict(type=..., **arguments)``.

    Raises:
        ValueError: there is no task, a name cannot be used, or a task has no type.
        KeyError: a type is not registered; the message names the nearest ones.
    """
    if not cfg:
        raise ValueError("No task is configured; give at least one, as in tasks=dict(depth=dict(type='Depth')).")
    for name, part in cfg.items():
        _check(name, part)
    return {name: TASKS.build({**part, 'name': name}) for name, part in cfg.items()}


def _check(name: str, part: Mapping[str, Any]) -> None:
    if not name or name in _RESERVED:
        raise ValueError(f"A task cannot be called '{name}'; reserved are {', '.join(_RESERVED)} and the empty name.")
    for text, reason in _FORBIDDEN.items():
        if text in name:
            raise ValueError(f"A task cannot be called '{name}': {reason}; choose another name.")
    if not isinstance(part, Mapping) or 'type' not in part:
        raise ValueError(f"Task '{name}' needs a dictionary with a type, as in dict(type='Depth'); it is {part!r}.")
