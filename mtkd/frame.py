"""MMEngine's side of mtkd's registries: each is a child of scope ``mtkd`` of the MMEngine registry that it names.

The Runner builds data sets, models, hooks, loops and the like from MMEngine's registries; through these children it finds
what mtkd and its plug-ins have registered, under the same names and at once: both sides share one dictionary.
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
        """What is registered by a name, here or in MMEngine's registry."""
        if isinstance(key, str):
            self.own.import_late(key.removeprefix(f'{self.scope}.'))
        return super().get(key)

    def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
        """Build an object, see :meth:`mtkd.registry.Registry.build`.

        Raises:
            KeyError: the name is known nowhere; the nearest ones are named.
        """
        if isinstance(cfg, dict) and isinstance(cfg.get('type'), str) and self.get(cfg['type']) is None:
            raise KeyError(self.own.explain_unknown(cfg['type']))
        return super().build(cfg, *args, **kwargs)


_MIRRORS = {id(own): Mirror(own) for own in vars(registry).values() if isinstance(own, Registry) and own.frame}


def mirror_of(own: Registry) -> Mirror:
    """A registry as MMEngine sees it.

    Raises:
        KeyError: it is none of those in :mod:`mtkd.registry` that name a registry of MMEngine.
    """
    return _MIRRORS[id(own)]
