"""``--compile``: compiles trunk, heads and teachers separately, and checks that it took effect."""

from typing import Any

from mmengine.hooks import Hook

from ...registry import HOOKS
from ..unwrap import unwrapped


@HOOKS.register_module()
class CompileHook(Hook):
    """Compiles in place, so that state-dict keys are unchanged; separate graphs allow gradients at taps.

    Args:
        backend: see ``torch.compile``.
        dynamic: see ``torch.compile``; None: automatic.
    """

    def __init__(self, backend: str = 'inductor', dynamic: bool | None = None) -> None:
        self.options: dict[str, Any] = {'backend': backend, 'dynamic': dynamic}
        self._checked = False

    def before_train(self, runner: Any) -> None:
        """Compile the parts."""
        model = unwrapped(runner.model)
        _counters().clear()
        model.net.trunk.compile(**self.options)
        for head in model.net.heads.values():
            for part in head.children():
                part.compile(**self.options)
        for teacher in getattr(model.distiller, 'teachers', {}).values():
            teacher.net.compile(**self.options)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """After the first step, check that a graph was compiled.

        Raises:
            RuntimeError: compilation silently had no effect.
        """
        if not self._checked:
            self._checked = True
            graphs = _counters()['stats'].get('unique_graphs', 0)
            if graphs < 1:
                raise RuntimeError('--compile had no effect: torch.compile created no graph with this version of torch.')
            runner.logger.info(f'compiled {graphs} graphs')


def _counters() -> Any:
    """The counters of torch.compile, imported lazily because importing the compiler takes seconds."""
    from torch._dynamo.utils import counters
    return counters
