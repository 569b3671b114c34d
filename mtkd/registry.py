"""The registries of mtkd.

Most papers are composed from six of them: :data:`BACKBONES`, :data:`NECKS`, :data:`HEADS`, :data:`DISTILL_LOSSES`,
:data:`TEACHERS` and :data:`DATASETS`. The others hold the parts that these use. This module imports only the standard
library. A registry that MMEngine's Runner also uses has a ``frame``, the name of a registry of MMEngine;
:mod:`mtkd.frame` makes it a child of that registry with scope ``mtkd``, so that both find each other's parts by name.

Other packages can register parts too. A config imports such a package through ``custom_imports``::

    from mtkd.registry import DISTILL_LOSSES

    @DISTILL_LOSSES.register_module()
    class MyLoss: ...
"""

import difflib
import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

SCOPE = 'mtkd'


class Registry:
    """Maps names to classes and functions, and builds objects from ``dict(type=name, **arguments)``.

    Args:
        name: what is registered, used in error messages.
        locations: modules that register here; imported one by one until a requested name is found.
        frame: name of the MMEngine registry that this one is a child of; None if MMEngine does not use it.
        late: name -> ``module:attribute`` of parts of other packages, which are imported only when requested.
        scope: scope of the parts in MMEngine.
    """

    def __init__(self, name: str, *locations: str, frame: str | None = None, late: Mapping[str, str] | None = None,
                 scope: str = SCOPE) -> None:
        self.name, self.locations, self.frame, self.scope = name, locations, frame, scope
        self.late = dict(late or {})
        self.module_dict: dict[str, Any] = {}
        self._pending = list(locations)

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.name}: {", ".join(self.module_dict) or "empty"})'

    def __len__(self) -> int:
        return len(self.module_dict)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    @property
    def parent(self) -> Any:
        """The MMEngine registry that this one is a child of; None if MMEngine does not use it."""
        return None if self.frame is None else self._mirror().parent

    def _mirror(self) -> Any:
        """The MMEngine registry that corresponds to this one; imports MMEngine's registries."""
        return importlib.import_module('mtkd.frame').mirror_of(self)

    def register_module(self, name: str | Sequence[str] | None = None, force: bool = False, module: Any = None) -> Any:
        """Register a class or function, as a decorator or by passing it as ``module``.

        Args:
            name: one or several names; None: its own name.
            force: replace what is already registered under that name.
            module: the class or function; None: return a decorator.

        Returns:
            The class or function, or the decorator.

        Raises:
            KeyError: the name is already registered.
            TypeError: ``module`` is not callable.
        """
        if module is None:
            return lambda part: self.register_module(name, force, part)
        if not callable(module):
            raise TypeError(f'the {self.name} registry holds classes and functions, not {type(module).__name__}.')
        for each in [module.__name__] if name is None else [name] if isinstance(name, str) else name:
            if not force and each in self.module_dict:
                raise KeyError(f"'{each}' is already registered in the {self.name} registry, by "
                               f'{self.module_dict[each].__module__}.')
            self.module_dict[each] = module
        return module

    def import_from_location(self) -> None:
        """Import all modules that register here, if they have not been imported yet."""
        while self._pending:
            self._import_next()

    def _import_next(self) -> None:
        location = self._pending.pop(0)  # before the import, which may look up names in this registry
        try:
            package = importlib.import_module(location)
            for name in getattr(package, '__all__', ()):  # a package may import its parts lazily
                getattr(package, name)
        except BaseException:
            self._pending.insert(0, location)
            raise

    def import_late(self, name: str) -> None:
        """Import and register a part listed in ``late``; does nothing for other names or if its package is missing."""
        if name in self.late and name not in self.module_dict:
            module, _, attribute = self.late[name].partition(':')
            try:
                self.module_dict[name] = getattr(importlib.import_module(module), attribute)
            except ImportError:
                return

    def get(self, key: str) -> Any:
        """The object registered under a name, here or in MMEngine, or found at a dotted path; None if there is none.

        Raises:
            TypeError: ``key`` is not a string.
        """
        if not isinstance(key, str):
            raise TypeError(f'the {self.name} registry needs a name, not {type(key).__name__}.')
        plain = key.removeprefix(f'{self.scope}.')
        while plain not in self.module_dict and self._pending:
            self._import_next()
        self.import_late(plain)
        if plain in self.module_dict:
            return self.module_dict[plain]
        if self.frame is not None:
            return self._mirror().get(key)
        module, _, attribute = key.rpartition('.')
        try:
            return getattr(importlib.import_module(module), attribute, None) if module else None
        except ImportError:
            return None

    def build(self, cfg: Any, default_args: Mapping[str, Any] | None = None) -> Any:
        """Build an object.

        Args:
            cfg: ``dict(type=name or class, **arguments)``.
            default_args: default values of arguments that ``cfg`` does not give.

        Returns:
            The object.

        Raises:
            KeyError: the name is in neither this registry nor MMEngine's, or there is no ``type``.
            TypeError: ``cfg`` is not a dictionary, or the class does not accept the arguments.
        """
        if not isinstance(cfg, Mapping):
            raise TypeError(f"a {self.name} is built from a dict with a 'type', not from {cfg!r}.")
        arguments = {**(default_args or {}), **cfg}
        kind = arguments.pop('type', None)
        if kind is None:
            raise KeyError(f"a {self.name} is built from a dict with a 'type'; there is none in {dict(cfg)}.")
        found = self.get(kind) if isinstance(kind, str) else kind
        if found is None:
            raise KeyError(self.explain_unknown(kind))
        if not callable(found):
            raise TypeError(f"the type of a {self.name} is a name or a class, not {found!r}.")
        if self.frame is not None and ('mmengine' in sys.modules or kind not in self.module_dict):
            # MMEngine handles scopes and singletons; neither is in use unless MMEngine is imported
            return self._mirror().build({**arguments, 'type': found})
        arguments.pop('_scope_', None)
        return found(**arguments)

    def explain_unknown(self, name: str) -> str:
        """The error message for a name that is not registered."""
        self.import_from_location()
        inherited = {} if self.parent is None else self.parent.module_dict
        known = {**inherited, **self.module_dict}
        near = difflib.get_close_matches(name.split('.')[-1], known, n=3, cutoff=0.5)
        shown = near or sorted(self.module_dict)
        places = ', '.join(f'{key} ({known[key].__module__})' for key in shown)
        return (f"'{name}' is not in the {self.name} registry; {'nearest' if near else 'known'}: {places or 'none'}. "
                f'If it is your own, add its package to custom_imports.')


BACKBONES = Registry('backbone', 'mtkd.models.backbones', 'mtkd.distill')  # distill registers a trunk that contains teachers
NECKS = Registry('neck', 'mtkd.models.necks')
HEADS = Registry('head', 'mtkd.models.heads')
DISTILL_LOSSES = Registry('distillation loss', 'mtkd.distill.losses')
TEACHERS = Registry('teacher', 'mtkd.distill')
PROJECTORS = Registry('projector', 'mtkd.distill')
LINKS = Registry('link', 'mtkd.distill')
TASKS = Registry('task', 'mtkd.tasks')
LOSSES = Registry('task loss', 'mtkd.losses')
PROB_VIEWS = Registry('probability view', 'mtkd.tasks')
BALANCES = Registry('balance', 'mtkd.balance')
PREREQUISITES = Registry('prerequisite', 'mtkd.prerequisites.earlier_runs', 'mtkd.prerequisites.pseudo_labels.make',
                         'mtkd.prerequisites.teacher_cache')

DATASETS = Registry('dataset', 'mtkd.datasets', 'mtkd.prerequisites.pseudo_labels.dataset', frame='DATASETS')
DATA_SAMPLERS = Registry('data sampler', 'mtkd.datasets', frame='DATA_SAMPLERS')
TRANSFORMS = Registry('transform', 'mtkd.datasets', frame='TRANSFORMS')
MODELS = Registry('model', 'mtkd.models', 'mtkd.distill', frame='MODELS')
METRICS = Registry('metric', 'mtkd.metrics', 'mtkd.engine', frame='METRICS')
HOOKS = Registry('hook', 'mtkd.engine', 'mtkd.studies.conflicts', 'mtkd.prerequisites.cache_hook', frame='HOOKS')
LOOPS = Registry('loop', 'mtkd.engine', frame='LOOPS')
OPTIM_WRAPPERS = Registry('optimizer wrapper', 'mtkd.engine', frame='OPTIM_WRAPPERS')
OPTIM_WRAPPER_CONSTRUCTORS = Registry('optimizer wrapper constructor', 'mtkd.engine', frame='OPTIM_WRAPPER_CONSTRUCTORS')
PARAM_SCHEDULERS = Registry('parameter scheduler', 'mtkd.engine', frame='PARAM_SCHEDULERS')
OPTIMIZERS = Registry('optimizer', frame='OPTIMIZERS', late={'Adafactor': 'transformers:Adafactor'})
EVALUATORS = Registry('evaluator', frame='EVALUATOR')
VISUALIZERS = Registry('visualizer', 'mtkd.engine', frame='VISUALIZERS')
VISBACKENDS = Registry('visualisation backend', 'mtkd.engine.trackers', frame='VISBACKENDS')
LOG_PROCESSORS = Registry('log processor', frame='LOG_PROCESSORS')
MODEL_WRAPPERS = Registry('model wrapper', frame='MODEL_WRAPPERS')

SIX = {'BACKBONES': BACKBONES, 'NECKS': NECKS, 'HEADS': HEADS, 'DISTILL_LOSSES': DISTILL_LOSSES,
       'TEACHERS': TEACHERS, 'DATASETS': DATASETS}
