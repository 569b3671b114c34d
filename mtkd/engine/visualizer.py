"""MMEngine's visualizer, with a Matplotlib figure only if something is drawn; importing Matplotlib takes a second."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from mmengine.visualization import Visualizer

from ..registry import VISUALIZERS

_FIGURE = ('fig_save_canvas', 'fig_save', 'ax_save', 'dpi')


@VISUALIZERS.register_module(name='Visualizer')
class DeferredVisualizer(Visualizer):
    """As MMEngine's ``Visualizer``; the figure is created when something is drawn on it.

    Scalars, and images that are already arrays, need none.

    Args:
        name: name of the instance.
        image: (H, W, 3) uint8 RGB, the image to draw on.
        vis_backends: backends, or their configs.
        save_dir: output folder; the backends write to ``vis_data`` in it.
        fig_save_cfg: arguments of the Matplotlib figure that is saved.
        fig_show_cfg: arguments of the Matplotlib figure that is shown.
    """

    def __init__(self, name: str = 'visualizer', image: np.ndarray | None = None,
                 vis_backends: Sequence[Any] | Mapping[str, Any] | None = None, save_dir: str | None = None,
                 fig_save_cfg: Mapping[str, Any] = {'frameon': False},
                 fig_show_cfg: Mapping[str, Any] = {'frameon': False}) -> None:
        self._deferred = True
        super().__init__(name, None, vis_backends, save_dir, dict(fig_save_cfg), dict(fig_show_cfg))
        self._deferred = False
        for part in _FIGURE:
            delattr(self, part)
        if image is not None:
            self.set_image(image)

    def _initialize_fig(self, fig_cfg: dict[str, Any]) -> tuple[Any, ...]:
        return (None, SimpleNamespace(get_dpi=float), None) if self._deferred else super()._initialize_fig(fig_cfg)

    def __getattr__(self, name: str) -> Any:
        if name not in _FIGURE:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        self.fig_save_canvas, self.fig_save, self.ax_save = self._initialize_fig(self.fig_save_cfg)
        self.dpi = self.fig_save.get_dpi()
        return getattr(self, name)
