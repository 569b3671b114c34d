"""Base class of tasks. Outputs, targets, terms and metrics are keyed by task."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..losses import TaskLoss
from ..metrics import TaskMetric
from ..registry import LOSSES, METRICS, PROB_VIEWS
from ..structures import PerSample, Size, TargetKind
from .pictured import ColourScale, ErrorMap
from .prob_views import ProbView

Part = Mapping[str, Any] | str | None


class Task:
    """One task: converts its output to a loss, a prediction, a distribution, metrics and an image.

    A subclass defines the defaults; ``loss``, ``metric`` and ``prob_view`` override them. An override without ``type``, or
    with the default's type, changes only the given arguments: ``loss=dict(w_pos=.95)``.

    Args:
        name: key of the task in batches, taps, terms and tables.
        out_channels: channels of the head's output.
        loss: the task loss.
        metric: the metric.
        prob_view: the distribution that distillation of outputs compares.
        weight: λ, the fixed weight of the task's own loss.

    Raises:
        ValueError: the weight is negative, or the name of the loss term contains ``loss``.

    Attributes:
        kind: the kind of the targets.
        loss: the task loss.
        prob_view: the probability view.
    """

    kind: TargetKind
    plausible: tuple[float, float] | None = None  # range of image-level labels; None: any

    def __init__(self, name: str, out_channels: int, loss: Mapping[str, Any], metric: Mapping[str, Any],
                 prob_view: Mapping[str, Any], weight: float) -> None:
        if weight < 0:
            raise ValueError(f"Task '{name}': its weight is {weight}; give 0 or more.")
        self.name = name
        self.out_channels = out_channels
        self.weight = weight
        self.loss: TaskLoss = LOSSES.build(dict(loss))
        self.prob_view: ProbView = PROB_VIEWS.build(dict(prob_view))
        self._metric = dict(metric)
        if 'loss' in self.loss.term:
            raise ValueError(f"Task '{name}': {type(self.loss).__name__} calls its term '{self.loss.term}'; a name "
                             f"with 'loss' would be added to the total a second time, choose another.")

    def resize(self, out: Tensor, size: Size | None) -> Tensor:
        """The output at ``size``, float32, bilinear without aligned corners; None keeps the output's size.

        Args:
            out: (B, C, h, w), or (B, C) of an image-level task, which has no size.
            size: (height, width).
        """
        if size is None or not self.kind.spatial or out.shape[-2:] == torch.Size(size):
            return out.float()
        return F.interpolate(out.float(), tuple(size), mode='bilinear', align_corners=False)

    def losses(self, out: Tensor, target: Tensor) -> dict[str, PerSample]:
        """The loss terms of the task, not reduced over the batch.

        Args:
            out: (B, C, h, w) at the head's resolution, or (B, C).
            target: (B, ...) in the kind's tensor form; an absent label is the kind's empty one and does not count.

        Returns:
            Term name (without the task's) -> (sum (B,), count (B,)).

        Raises:
            ValueError: the output is a map and the labels are numbers, or the reverse.
        """
        if (out.ndim == 4) is not self.kind.spatial:
            labels, head = ('label maps', 'FCNHead') if self.kind.spatial else ('one label per image', 'LinearHead')
            raise ValueError(f"task '{self.name}' has {labels}, but its head outputs a tensor of shape {tuple(out.shape)}: "
                             f'use a head for {labels}, such as {head}.')
        resized = self.resize(out, (target.shape[-2], target.shape[-1])) if self.kind.spatial else out.float()
        return {self.loss.term: self.loss(self.loss_input(resized), target, self.kind.valid(target))}

    def loss_input(self, out: Tensor) -> Tensor:
        """The input of the loss from a resized output; by default the output itself."""
        return out

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """The prediction at ``size`` in physical units; None keeps the output's size."""
        raise TypeError(f'{type(self).__name__} does not predict')

    def probs(self, out: Tensor, tau: float = 1.0) -> Tensor | None:
        """The distribution that distillation compares, (B, K, h, w) float32, or None if the task is skipped."""
        return self.prob_view(out, tau)

    def metric(self) -> TaskMetric:
        """Build a new metric."""
        return METRICS.build(dict(self._metric))

    def draw(self, value: Tensor) -> Tensor:
        """A prediction or target as an image: (B, 3, H, W) uint8 RGB on the CPU; black for invalid pixels."""
        raise TypeError(f'{type(self).__name__} does not draw')

    @property
    def colours(self) -> ColourScale | None:
        """The colour scale of :meth:`draw`; None if colours do not represent numbers."""
        return None

    def class_of(self, value: Tensor) -> Tensor | None:
        """The class ids of a map, which :meth:`draw` colours with its palette; None if the task has no class maps."""
        return None

    def error(self, prediction: Tensor, target: Tensor) -> ErrorMap | None:
        """The error of a predicted map at each pixel.

        Args:
            prediction: the prediction for one sample, as from :meth:`predict`, without the batch axis.
            target: its label, at the same size.

        Returns:
            The map, NaN without a label; None for image-level tasks and those that do not define it.
        """
        return None

    def words(self, value: Tensor, class_names: Sequence[str] = ()) -> list[tuple[str, float | None]]:
        """A label or prediction of an image-level task as lines of text, each with a probability if it has one.

        Args:
            value: one sample's label or prediction, as from :meth:`predict`, without the batch axis.
            class_names: names of the task's classes, if they are known.

        Returns:
            The lines; empty without a value, and for tasks that predict maps.
        """
        return []

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.name!r}, weight={self.weight})'


def override(default: Mapping[str, Any], given: Part) -> dict[str, Any]:
    """A part's configuration: the default with the user's arguments, or the user's if it has another type.

    Args:
        default: ``dict(type=..., **arguments)``.
        given: the same, only the name of a type, or None for the default.
    """
    if given is None:
        return dict(default)
    chosen = {'type': given} if isinstance(given, str) else dict(given)
    if chosen.get('type', default['type']) == default['type']:
        return {**default, **chosen}
    return chosen
