"""Prevents MMEngine from importing large packages that are rarely needed, which saves seconds at every start.

``mmengine.optim`` imports all of ``transformers``, if it is installed, to register one optimizer. While that module is
imported, ``transformers`` is hidden, as if it were not installed. :data:`~mtkd.registry.OPTIMIZERS` still finds the
optimizer when a config uses it.
"""

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

HIDDEN = {'mmengine.optim.optimizer.builder': ('transformers',)}  # module -> what is hidden while it is imported


class _Loader(importlib.abc.Loader):
    """Executes a module while some packages are hidden from it."""

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
    """Import hook that loads certain modules with some packages hidden; all other imports are unaffected.

    Args:
        hidden: module -> the packages that are hidden while it is imported.
    """

    def __init__(self, hidden: Mapping[str, Sequence[str]]) -> None:
        self.hidden = dict(hidden)

    def find_spec(self, fullname: str, path: Sequence[str] | None,
                  target: ModuleType | None = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of a module that needs packages hidden; None for any other."""
        if fullname not in self.hidden:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self.hidden[fullname])
        return spec


def install() -> None:
    """Install the import hook, once per process; modules that are already imported are not affected."""
    if not any(isinstance(finder, LateImports) for finder in sys.meta_path):
        sys.meta_path.insert(0, LateImports(HIDDEN))
