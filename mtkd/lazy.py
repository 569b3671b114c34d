"""Packages that import a part when it is asked for (PEP 562), so that importing one part does not import all of them."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, places: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package's ``__init__``.

    Type checkers and readers see the ordinary imports::

        if TYPE_CHECKING:
            from .link import Link
            from .teacher import MultiTaskTeacher, Teacher
        else:
            __getattr__, __dir__ = lazily(__name__, {'link': 'Link', 'teacher': 'MultiTaskTeacher Teacher'})

    Args:
        package: its ``__name__``.
        places: submodule, relative to the package -> the public names it defines, separated by spaces.

    Returns:
        Both functions. A part that was asked for once is an ordinary attribute from then on.
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
