"""Curriculum temperature: a learned temperature that makes the task increasingly hard for the student."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms
from .output_wrapper import OutputWrapper


@DISTILL_LOSSES.register_module()
class CurriculumTemperature(OutputWrapper):
    """Another loss on outputs at the temperature T = start + width · sigmoid(θ), its terms times T².

    θ is trained with the student, against it: its gradient is multiplied by -λ, which rises from 0 to 1 along half a cosine
    over the first part of training. A loss with its own temperature is wrapped at temperature 1::

        loss=dict(type='CurriculumTemperature', loss=dict(type='PlainKD', tau=1.0))

    Args:
        loss: the wrapped loss or its config, at temperature 1.
        start: lower bound of the temperature.
        width: width of the range of the temperature.
        ramp: the fraction of the training over which λ rises to 1; 10 of 240 epochs officially.

    Raises:
        ValueError: the wrapped loss has a temperature other than 1.

    Source: Li et al., AAAI 2023, equations 3 to 6; github.com/zhengli97/CTKD at 7d52522, ``models/temp_global.py``,
    ``helper/loops.py`` and ``CosineDecay`` of ``train_student.py``: the global temperature, start 1, width 20, θ = 1 at
    first. The temperature per sample of the paper is not implemented.
    """

    method = Method('CTKD', 'Li et al. 2023', 'outputs', 'any', {'loss': {'type': 'PlainKD', 'tau': 1.0}},
                    'a trained temperature; wraps any loss on outputs')

    def __init__(self, loss: DistillLoss | Mapping[str, Any], start: float = 1.0, width: float = 20.0,
                 ramp: float = 1 / 24) -> None:
        super().__init__(loss)
        own = getattr(self.loss, 'temperature', self.loss.tau)
        if own != 1 or self.loss.tau != 1:
            raise ValueError(f'CurriculumTemperature has its own temperature: give {type(self.loss).__name__} the '
                             f'temperature 1, not {own}.')
        self.start, self.width, self.ramp = start, width, ramp
        self.asks = tuple(dict.fromkeys((*self.loss.asks, 'progress')))
        self.theta = nn.Parameter(torch.ones(()))

    def strength(self, progress: float) -> float:
        """λ after a given fraction of the training."""
        done = min(progress / self.ramp, 1.0) if self.ramp > 0 else 1.0
        return (1 - math.cos(done * math.pi)) / 2

    def temperature_at(self, progress: float) -> Tensor:
        """() T, with a gradient that is -λ times its own."""
        factor = -self.strength(progress)
        reversed_theta = factor * self.theta + (1 - factor) * self.theta.detach()
        return self.start + self.width * reversed_theta.sigmoid()

    def compare(self, student: Any, teacher: Any, mask: Any, **asked: Any) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        temperature = self.temperature_at(asked['progress']).to(student.dtype)
        teachers = teacher / temperature if isinstance(teacher, Tensor) else \
            None if teacher is None else tuple(part / temperature for part in teacher)
        passed = {name: value for name, value in asked.items() if name in self.loss.asks}
        terms = self.inner(student / temperature, teachers, mask, **passed)
        scale = temperature.square()
        return {name: scale * value if isinstance(value, Tensor) else (scale * value[0], value[1])
                for name, value in terms.items()}
