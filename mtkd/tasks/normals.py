"""Surface normal estimation."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import TASKS
from ..structures import KINDS, Size
from .draw import draw_normals
from .pictured import ErrorMap
from .task import Part, Task, override


@TASKS.register_module()
class Normals(Task):
    """A unit vector per pixel: L1 after normalisation, mErr, directions on the sphere.

    Args:
        name: see :class:`Task`.
        loss: see :class:`Task`.
        metric: see :class:`Task`.
        prob_view: see :class:`Task`; it receives ``z_sign``.
        weight: see :class:`Task`.
        z_sign: the sign of z of visible surfaces in the labels: -1 if z points forward, +1 if it points to the camera.

    Raises:
        ValueError: ``z_sign`` is not ±1.
    """

    kind = KINDS['normals']

    def __init__(self, name: str = 'normals', loss: Part = None, metric: Part = None, prob_view: Part = None,
                 weight: float = 10.0, z_sign: int = -1) -> None:
        if z_sign not in (-1, 1):
            raise ValueError(f"Task '{name}': z_sign is {z_sign}; give -1 or 1.")
        self.z_sign = z_sign
        super().__init__(name, out_channels=3, weight=weight, loss=override({'type': 'L1Normals'}, loss),
                         metric=override({'type': 'NormalError'}, metric),
                         prob_view=override({'type': 'sphere_bins', 'z_sign': z_sign}, prob_view))

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """(B, 3, h, w) vectors -> (B, 3, H, W) float32 unit vectors; zero vectors are unchanged."""
        return F.normalize(self.resize(out, size), dim=1)

    def error(self, prediction: Tensor, target: Tensor) -> ErrorMap:
        """The angle between prediction and label in degrees; the colour scale ends at 90."""
        cosine = F.cosine_similarity(prediction.float(), target.float(), dim=0).clamp(-1, 1)
        angle = cosine.acos().rad2deg().masked_fill(~self.kind.valid(target[None])[0], torch.nan)
        return ErrorMap(angle.cpu(), 'angle', '°', 90.0)

    def draw(self, value: Tensor) -> Tensor:
        """(B, 3, H, W) vectors -> (B, 3, H, W) uint8; surfaces facing the camera are blue."""
        return draw_normals(value, self.z_sign)
