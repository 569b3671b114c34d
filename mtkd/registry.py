"""The registries every part of mtkd is built from.

The six a user composes papers with are :data:`BACKBONES`, :data:`NECKS`, :data:`HEADS`, :data:`DISTILL_LOSSES`,
:data:`TEACHERS` and :data:`DATASETS`; the others hold what those are made of. MMEngine allows one child per root and
scope, so only the registries that MMEngine's Runner looks into are its children; the rest are roots of scope ``mtkd``.

A third party adds to any of them from its own package, named in a config's ``custom_imports``::

    from mtkd.registry import DISTILL_LOSSES

    @DISTILL_LOSSES.register_module()
    class MyLoss: ...
"""

import difflib
from typing import Any

from mmengine import registry as _mm


class Registry(_mm.Registry):
    """MMEngine's registry that answers an unknown name with the nearest known ones and where they live."""

    def build(self, cfg: Any, *args: Any, **kwargs: Any) -> Any:
        """Build an object from ``dict(type=..., **arguments)``.

        Raises:
            KeyError: the name is in neither this registry nor its parents.
            TypeError: ``cfg`` is not a dictionary with a ``type``, or the arguments do not fit the class.
        """
        if isinstance(cfg, dict) and isinstance(cfg.get('type'), str) and self.get(cfg['type']) is None:
            raise KeyError(self.explain_unknown(cfg['type']))
        return super().build(cfg, *args, **kwargs)

    def explain_unknown(self, name: str) -> str:
        """One sentence on a name this registry does not know."""
        self.import_from_location()
        known: dict[str, Any] = {}
        registry: _mm.Registry | None = self
        while registry is not None:
            known = {**registry.module_dict, **known}
            registry = registry.parent
        near = difflib.get_close_matches(name.split('.')[-1], known, n=3, cutoff=0.5)
        shown = near or sorted(self.module_dict)
        places = ', '.join(f'{key} ({known[key].__module__})' for key in shown)
        return (f"'{name}' is not in the {self.name} registry; {'nearest' if near else 'known'}: {places or 'none'}. "
                f'If it is your own, name its package in custom_imports.')


def _root(name: str, *locations: str) -> Registry:
    return Registry(name, scope='mtkd', locations=list(locations))


def _child(name: str, parent: _mm.Registry, *locations: str) -> Registry:
    return Registry(name, parent=parent, scope='mtkd', locations=list(locations))


BACKBONES = _root('backbone', 'mtkd.models.backbones', 'mtkd.distill')  # distill: a trunk that holds teachers
NECKS = _root('neck', 'mtkd.models.necks')
HEADS = _root('head', 'mtkd.models.heads')
DISTILL_LOSSES = _root('distillation loss', 'mtkd.distill.losses')
TEACHERS = _root('teacher', 'mtkd.distill')
PROJECTORS = _root('projector', 'mtkd.distill')
LINKS = _root('link', 'mtkd.distill')
TASKS = _root('task', 'mtkd.tasks')
LOSSES = _root('task loss', 'mtkd.losses')
PROB_VIEWS = _root('probability view', 'mtkd.tasks')
BALANCES = _root('balance', 'mtkd.balance')
PREREQUISITES = _root('prerequisite', 'mtkd.prerequisites.earlier_runs', 'mtkd.prerequisites.pseudo_labels.make',
                      'mtkd.prerequisites.teacher_cache')

DATASETS = _child('dataset', _mm.DATASETS, 'mtkd.datasets', 'mtkd.prerequisites.pseudo_labels.dataset')
DATA_SAMPLERS = _child('data sampler', _mm.DATA_SAMPLERS, 'mtkd.datasets')
TRANSFORMS = _child('transform', _mm.TRANSFORMS, 'mtkd.datasets')
MODELS = _child('model', _mm.MODELS, 'mtkd.models', 'mtkd.distill')
METRICS = _child('metric', _mm.METRICS, 'mtkd.metrics', 'mtkd.engine')
HOOKS = _child('hook', _mm.HOOKS, 'mtkd.engine', 'mtkd.studies.conflicts', 'mtkd.prerequisites.cache_hook')
LOOPS = _child('loop', _mm.LOOPS, 'mtkd.engine')
OPTIM_WRAPPERS = _child('optimizer wrapper', _mm.OPTIM_WRAPPERS, 'mtkd.engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child('optimizer wrapper constructor', _mm.OPTIM_WRAPPER_CONSTRUCTORS, 'mtkd.engine')
PARAM_SCHEDULERS = _child('parameter scheduler', _mm.PARAM_SCHEDULERS, 'mtkd.engine')
OPTIMIZERS = _child('optimizer', _mm.OPTIMIZERS)
EVALUATORS = _child('evaluator', _mm.EVALUATOR)
VISUALIZERS = _child('visualizer', _mm.VISUALIZERS)
VISBACKENDS = _child('visualisation backend', _mm.VISBACKENDS)
LOG_PROCESSORS = _child('log processor', _mm.LOG_PROCESSORS)
MODEL_WRAPPERS = _child('model wrapper', _mm.MODEL_WRAPPERS)

SIX = {'BACKBONES': BACKBONES, 'NECKS': NECKS, 'HEADS': HEADS, 'DISTILL_LOSSES': DISTILL_LOSSES,
       'TEACHERS': TEACHERS, 'DATASETS': DATASETS}
