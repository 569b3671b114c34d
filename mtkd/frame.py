"""Connects mtkd's registries to MMEngine: each becomes a child, with scope ``mtkd``, of an MMEngine registry.

MMEngine's Runner builds data sets, models, hooks, loops and other parts from MMEngine's registries. Through these children
it also finds everything that mtkd and its plug-ins register. Both sides share one dictionary, so that a new name is
available to both at once.
"""

from typing import Any

from mmengine import registry as mm

from . import registry
from .registry import Registry


class Mirror(mm.Registry):
    """One of mtkd's registries as MMEngine sees it."""

    def __init__(self, own: Registry) -> None:
        super().__init__(own.name, parent=getattr(mm, str(own.frame)), scope=own.scope)
        self.own = own
        self._module_dict = own.module_dict

    def import_from_location(self) -> None:
        """See :meth:`mtkd.registry.Registry.import_from_location`."""
        self.own.import_from_location()

    def get(self, key: str) -> Any:
        """The object registered under a name, here or in MMEngine's registry; None if there is none."""
        if isinstance(key, str):
            self.own.import_late(key.removeprefix(f'{self.scope}.'))
        return super().get(key)

    def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
        """Build an object; see :meth:`mtkd.registry.Registry.build`.

        Raises:
            KeyError: the name is not registered; the message lists similar names.
        """
        if isinstance(cfg, dict) and isinstance(cfg.get('type'), str) and self.get(cfg['type']) is None:
            raise KeyError(self.own.explain_unknown(cfg['type']))
        return super().build(cfg, *args, **kwargs)


_MIRRORS = {id(own): Mirror(own) for own in vars(registry).values() if isinstance(own, Registry) and own.frame}


def mirror_of(own: Registry) -> Mirror:
    """The MMEngine registry that corresponds to one of mtkd's registries.

    Raises:
        KeyError: the registry is not defined in :mod:`mtkd.registry`, or has no ``frame``.
    """
    return _MIRRORS[id(own)]
