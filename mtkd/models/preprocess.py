"""From the loader's batch to the device."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from ..registry import MODELS
from ..structures import Routing, RoutingPlan
from .strong_view import StrongView

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


def check_statistics(mean: Sequence[float], std: Sequence[float], where: str) -> None:
    """Refuse a mean and standard deviation that pictures of 0..255 cannot be normalised with.

    Args:
        mean: per channel, RGB, on the 0..255 scale.
        std: the same.
        where: what a message calls their owner.

    Raises:
        ValueError: they are not one or three numbers each, not finite, a deviation is not positive, or they are on the 0..1
            scale. (A mean of 0 with a deviation of 1 leaves pictures as they are, and is allowed.)
    """
    mean, std = tuple(mean), tuple(std)
    for name, values in (('mean', mean), ('std', std)):
        if len(values) not in (1, 3) or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
            raise ValueError(f'{where}: {name}={values}: give a number for each of the three channels, RGB, on the 0..255 '
                             f'scale.')
    if min(std) <= 0:
        raise ValueError(f'{where}: std={std}: a standard deviation is above 0.')
    if max(std) < 1 or (max(std) <= 1 and 0 < max(mean) <= 1):
        raise ValueError(f'{where}: mean={mean} and std={std} look like the 0..1 scale; mean and std are on the 0..255 '
                         f'scale of the picture: multiply both by 255.')


@MODELS.register_module()
class Preprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and normalises pictures for the student.

    The batch keeps its raw uint8 pictures, because every teacher normalises them its own way; the model asks for the
    student's view with :meth:`normalise`.

    Args:
        mean: per channel, RGB, on the 0..255 scale.
        std: per channel, RGB, on the 0..255 scale.
        channels_last: keep pictures and the network's weights in channels-last memory format.
        student_view: arguments of :class:`~mtkd.models.strong_view.StrongView`: in training the student sees each picture
            changed, while teachers see it as it is.

    Raises:
        ValueError: the statistics are on another scale; see :func:`check_statistics`.
    """

    def __init__(self, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD,
                 channels_last: bool = False, student_view: Mapping[str, Any] | None = None) -> None:
        check_statistics(mean, std, 'model.data_preprocessor')
        super().__init__(non_blocking=True)
        self.student_view = None if student_view is None else StrongView(**student_view)
        self.channels_last = channels_last
        self.routing_plan = RoutingPlan()  # set by the model
        self.register_buffer('mean', torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1), persistent=False)

    def forward(self, data: Any, training: bool = False) -> Any:
        """A collated batch -> the same batch on the model's device; in training also its ``rows``, see :class:`Routing`."""
        moved = {key: value if key in ('meta', 'rows') else self._moved(value) for key, value in data.items()}
        if training and self.routing_plan and all(flags.device.type == 'cpu' for flags in data['present'].values()):
            moved['rows'] = Routing(data['present'], self.routing_plan, self.device)
        return moved

    def _moved(self, value: Any) -> Any:
        """Tensors, and mappings of them, on the model's device. (``cast_data`` would walk through each sample's meta.)"""
        if isinstance(value, Tensor):
            return value.to(self.device, non_blocking=True)
        return {name: self._moved(part) for name, part in value.items()}

    def for_student(self, image: Tensor, training: bool) -> Tensor:
        """Raw pictures as the student sees them: :meth:`normalise`, in training of the student's own view."""
        return self.normalise(self.student_view(image) if training and self.student_view is not None else image)

    def normalise(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) uint8 RGB, or (B, T, 3, H, W) clips -> float32, zero mean and unit variance on ImageNet's scale."""
        normalised = (image.float() - self.mean) / self.std
        last = self.channels_last and image.ndim == 4  # a clip has no such format; its frames take the weights'
        return normalised.contiguous(memory_format=torch.channels_last) if last else normalised
