"""Intra-class feature variation: the distance of each pixel's feature from the mean of its class."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, masked, per_pixel


def variation(feature: Tensor, target: Tensor, mask: Tensor | None, classes: int) -> Tensor:
    """The cosine between each pixel's feature and the mean feature of its class in its image.

    Args:
        feature: (B, C, N).
        target: (B, N) int64 in [0, ``classes``).
        mask: (B, N) bool: pixels that have a class; None: all.
        classes: number of classes.

    Returns:
        (B, N).

    Source: Wang et al. 2020, equations 1 and 2; ε = 1e-6 is added to the number of pixels, as released.
    """
    own = target[:, None].expand_as(feature)
    shown = masked(feature, mask)
    ones = torch.ones_like(target, dtype=feature.dtype) if mask is None else mask.to(feature.dtype)
    sums = feature.new_zeros(*feature.shape[:2], classes).scatter_add(2, own, shown)
    counts = feature.new_zeros(len(feature), classes).scatter_add(1, target, ones)
    centres = (sums / (counts + 1e-6)[:, None]).gather(2, own)
    return F.cosine_similarity(feature, centres, dim=1)


@DISTILL_LOSSES.register_module()
class IFVD(DistillLoss):
    """``ifvd``: mean over labelled pixels of the squared difference of student's and teacher's :func:`variation`.

    It uses the labels of the task; pixels without a label are excluded (the released code includes them with 0).
    The channels may differ. The usual weight is 50.

    Args:
        classes: more than the largest class id; maps of class ids hold up to 255.

    Source: Wang et al., ECCV 2020, equation 3; released code: YukangWang/IFVD 950a7a5 (``CriterionIFV``).
    """

    terms = ('ifvd',)
    same_channels = False
    asks = ('target',)
    method = Method('IFVD', 'Wang et al. 2020', 'features', fits='dense', note='reads class labels')

    def __init__(self, classes: int = 256) -> None:
        super().__init__()
        self.classes = classes

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, *, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are features, ``target`` the classes (B, h, w) or (B,)."""
        labels = target.reshape(len(target), -1)
        ours, theirs = (variation(view, labels, mask, self.classes) for view in (student, teacher))
        return {'ifvd': per_pixel((ours - theirs).square(), mask)}
