"""Lazy imports for packages (PEP 562): a submodule is imported on first access to one of its names."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, places: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make ``__getattr__`` and ``__dir__`` for the ``__init__`` of a package.

    Type checkers and readers see ordinary imports::

        if TYPE_CHECKING:
            from .link import Link
            from .teacher import MultiTaskTeacher, Teacher
        else:
            __getattr__, __dir__ = lazily(__name__, {'link': 'Link', 'teacher': 'MultiTaskTeacher Teacher'})

    Args:
        package: ``__name__`` of the package.
        places: submodule, relative to the package -> the public names it defines, separated by spaces.

    Returns:
        Both functions. After its first access, a name is an ordinary attribute. ``__getattr__`` raises AttributeError for
        any other name.
    """
    home = {name: module for module, names in places.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        part = getattr(import_module(f'{package}.{home[name]}'), name)
        setattr(sys.modules[package], name, part)
        return part

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *home})

    return get, names
