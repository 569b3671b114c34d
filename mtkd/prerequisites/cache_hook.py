"""Hook that reads teachers from a cache during training."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.hooks import Hook

from ..engine.unwrap import unwrapped
from ..registry import HOOKS
from .teacher_cache import CachePlan, attach


@HOOKS.register_module()
class TeacherCacheHook(Hook):
    """Attaches the teachers' caches to the training set before the first batch; added by ``teacher_cache`` in a config.

    The arguments are those of :class:`~mtkd.prerequisites.teacher_cache.CachePlan`.
    """

    def __init__(self, mode: str = 'views', views: int = 1, seed: int = 0, folder: str | None = None,
                 dtype: str | Mapping[str, str] = 'float16', clean_pipeline: Sequence[Any] = (), live: bool = False) -> None:
        self.plan = CachePlan(mode, views, seed, folder, dtype, clean_pipeline, live)

    def before_train(self, runner: Any) -> None:
        """Open and check the caches; see :func:`~mtkd.prerequisites.teacher_cache.attach` for the errors."""
        model = unwrapped(runner.model)
        attach(runner.cfg, model, runner.train_dataloader.dataset, self.plan)
