"""Move batches to the device and normalise images."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from ..registry import MODELS
from ..structures import Routing, RoutingPlan
from .picture_scale import IMAGENET_MEAN, IMAGENET_STD, check_statistics
from .strong_view import StrongView


@MODELS.register_module()
class Preprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and normalises images for the student.

    The batch keeps its raw uint8 images, because every teacher has its own normalisation; the model gets the student's view
    from :meth:`for_student`.

    Args:
        mean: per channel, RGB, on the 0..255 scale.
        std: per channel, RGB, on the 0..255 scale.
        channels_last: keep images and the network's weights in channels-last memory format.
        student_view: arguments of :class:`~mtkd.models.strong_view.StrongView`: in training, the student receives an
            augmented image, while teachers receive the original one.

    Raises:
        ValueError: the statistics are on another scale; see :func:`~mtkd.models.picture_scale.check_statistics`.
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
        """A collated batch -> the same batch on the model's device; in training with ``labelled`` and ``rows`` of it."""
        moved = {key: value if key in ('meta', 'rows', 'labelled') else self._moved(value) for key, value in data.items()}
        if training and all(flags.device.type == 'cpu' for flags in data['present'].values()):
            moved['labelled'] = {task: flags.tolist() for task, flags in data['present'].items()}
            if self.routing_plan:
                moved['rows'] = Routing(data['present'], self.routing_plan, self.device)
        return moved

    def _moved(self, value: Any) -> Any:
        """Tensors, and mappings of them, on the model's device. (``cast_data`` would walk through each sample's meta.)"""
        if isinstance(value, Tensor):
            return value.to(self.device, non_blocking=True)
        return {name: self._moved(part) for name, part in value.items()}

    def for_student(self, image: Tensor, training: bool) -> Tensor:
        """Images for the student: :meth:`normalise`, in training applied to the student's augmented view."""
        return self.normalise(self.student_view(image) if training and self.student_view is not None else image)

    def normalise(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) uint8 RGB, or (B, T, 3, H, W) clips -> (image - mean) / std, float32 of the same shape."""
        normalised = (image.float() - self.mean) / self.std
        last = self.channels_last and image.ndim == 4  # not defined for a clip; its frames follow the weights
        return normalised.contiguous(memory_format=torch.channels_last) if last else normalised
