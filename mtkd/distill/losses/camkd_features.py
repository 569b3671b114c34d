"""CA-MKD's term between features: teachers whose classifiers work better on the student's feature have higher weights."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .counted_norm import CountedNorm
from .distill_loss import DistillLoss, Method, Terms, per_pixel, per_sample


class Embed(nn.Module):
    """A 1x1 convolution, batch normalisation over valid pixels, ReLU.

    Args:
        in_channels: channels of the student.
        out_channels: channels of a teacher.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.norm = CountedNorm(out_channels)

    def forward(self, feature: Tensor, mask: Tensor | None) -> Tensor:
        """(B, in_channels, h, w), (B, h, w) bool or None -> (B, out_channels, h, w)."""
        return self.norm(self.conv(feature), mask).relu()


@DISTILL_LOSSES.register_module()
class CAMKDFeatures(DistillLoss):
    """``camkd_features``: Σ_m w_m mean((e_m(s) - t_m)²), w_m = (1 - softmax_m(CE_m)) / (M - 1) / M.

    e_m is the trained :class:`Embed` of teacher m; CE_m is the cross-entropy of teacher m's classifier on e_m(s) with the
    label, of each labelled pixel or sample. The weights carry a gradient. It is used together with
    :class:`~mtkd.distill.losses.camkd.CAMKD` on the outputs, with the weight 50 in the authors' runs::

        dict(task='semseg', student='semseg.feat', teacher=['a:semseg.feat', 'b:semseg.feat'], weight=50.0,
             loss=dict(type='CAMKDFeatures', classifier='heads.semseg'))

    Args:
        classifier: path of the module in each teacher's network that converts the feature to scores: a head, or any other
            module. None: the features are scores.

    Raises:
        ValueError: the module does not exist, or does not give a score for each label.

    Source: Zhang, Chen and Wang, ICASSP 2022, equations 5 to 7; github.com/Rorozhl/CA-MKD at c2f39a9,
    ``distiller_zoo/CAMKD.py`` and ``models/util.py``, whose division by M the paper does not have. There, the student is
    resized to the teacher; here, the link resizes the teachers to the student.
    """

    terms = ('camkd_features',)
    same_channels = False
    spatial = True
    several = ('teacher',)
    asks = ('target',)
    method = Method('CA-MKD, features', 'Zhang et al. 2022', 'teachers', 'classes',
                    note="through the teachers' classifiers; in addition to CA-MKD")

    def __init__(self, classifier: str | None = None) -> None:
        super().__init__()
        self.classifier = classifier
        self.embeds = nn.ModuleList()
        self._predict: tuple[Callable[[Tensor], Tensor], ...] = ()  # those of the teachers, not part of the loss

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`: a projection for each teacher."""
        self.embeds.extend(Embed(student[0], channels) for channels in teacher)

    def inspect(self, networks: Sequence[nn.Module]) -> None:
        """See :class:`DistillLoss`: store the teachers' classifiers."""
        if self.classifier is not None:
            self._predict = tuple(_classifier(network, self.classifier) for network in networks)

    def compare(self, student: Tensor, teacher: tuple[Tensor, ...], mask: Tensor | None, *, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        made = [embed(student, mask) for embed in self.embeds]
        errors = torch.stack([self._error(i, ours, target) for i, ours in enumerate(made)])
        distances = torch.stack([(ours - theirs).square().mean(1) for ours, theirs in zip(made, teacher, strict=True)])
        of_images = errors.ndim == 2
        if of_images:
            distances = _mean(distances, mask)
        weights = (1 - errors.softmax(0)) / max(len(teacher) - 1, 1) / len(teacher)
        value = (weights * distances).sum(0)
        return {'camkd_features': per_sample(value, mask) if of_images else
                per_pixel(value.flatten(1), None if mask is None else mask.flatten(1))}

    def _error(self, i: int, feature: Tensor, target: Tensor) -> Tensor:
        """The cross-entropy of each pixel, (B, h, w), or image, (B,)."""
        shown = feature.flatten(1) if feature.shape[2:] == (1, 1) else feature
        scores = self._predict[i](shown) if self._predict else shown
        own = target.flatten() if scores.ndim == 2 and target.numel() == len(target) else target
        if scores.shape[2:] != own.shape[1:]:
            raise ValueError(f"CAMKDFeatures: the classifier '{self.classifier}' of teacher {i} returns "
                             f'{tuple(scores.shape)}, but the labels are {tuple(target.shape)}; choose a tap and a '
                             f'classifier that return a score for each label.')
        return F.cross_entropy(scores, own, reduction='none')


def _mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """(M, B, h, w) -> (M, B), the mean over valid pixels."""
    if mask is None:
        return values.mean((2, 3))
    return values.masked_fill(~mask, 0.0).sum((2, 3)) / mask.sum((1, 2)).clamp_min(1)


def _classifier(network: nn.Module, path: str) -> Callable[[Tensor], Tensor]:
    try:
        module = network.get_submodule(path)
    except AttributeError as error:
        raise ValueError(f"CAMKDFeatures: a teacher has no module '{path}' ({error}).") from None
    return getattr(module, 'predict', module)
