"""Keeps MMEngine from importing packages it only looks into, which would cost seconds at every start.

``mmengine.optim`` imports the whole of ``transformers``, where that is installed, to register one optimizer. While that
module is imported, ``transformers`` is hidden from it, as if it were not installed.
:data:`~mtkd.registry.OPTIMIZERS` still finds the optimizer when a config names it.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

HIDDEN = {'mmengine.optim.optimizer.builder': ('transformers',)}  # module -> what is hidden while it is imported


class _Loader(importlib.abc.Loader):
    """Runs a module while some packages cannot be imported."""

    def __init__(self, loader: importlib.abc.Loader, hidden: Sequence[str]) -> None:
        self.loader, self.hidden = loader, hidden

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        absent = [name for name in self.hidden if name not in sys.modules]
        sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: importing it is an ImportError
        try:
            self.loader.exec_module(module)
        finally:
            for name in absent:
                sys.modules.pop(name, None)


class LateImports(importlib.abc.MetaPathFinder):
    """Finds the modules of a table and runs them with packages hidden; stays out of all other imports."""

    def __init__(self, hidden: Mapping[str, Sequence[str]]) -> None:
        self.hidden = dict(hidden)

    def find_spec(self, fullname: str, path: Sequence[str] | None,
                  target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of a module of the table."""
        if fullname not in self.hidden:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self.hidden[fullname])
        return spec


def install() -> None:
    """Start to hide; once a process, and without effect on what has been imported before."""
    if not any(isinstance(finder, LateImports) for finder in sys.meta_path):
        sys.meta_path.insert(0, LateImports(HIDDEN))
