"""Boundary-privileged distillation: separate terms for class edges and interiors."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from ...structures import PerSample
from .distill_loss import DistillLoss, Method, Terms


def class_edges(target: Tensor, mask: Tensor | None, classes: int, width: int) -> Tensor:
    """The boundary of the region of each class: the difference between its dilation and erosion.

    Args:
        target: (B, h, w) int64.
        mask: (B, h, w) bool: pixels that have a class; None: all.
        classes: number of classes.
        width: number of pixels of the dilation and erosion.

    Returns:
        (B, K, h, w) bool. The border of the image and pixels without a class are not part of an edge.
    """
    own = (target[:, None] == torch.arange(classes, device=target.device)[:, None, None])
    there = torch.ones_like(target, dtype=torch.bool) if mask is None else mask
    own = own & there[:, None]
    other = ~own & there[:, None]
    size = 2 * width + 1
    near = [F.max_pool2d(region.float(), size, 1, width) > 0 for region in (own, other)]
    return near[0] & near[1] & there[:, None]


def masked_channel_kl(student: Tensor, teacher: Tensor, region: Tensor, tau: float) -> Tensor:
    """τ² KL(teacher || student) of each channel's softmax over the pixels of a region; 0 for an empty region.

    Args:
        student: (B, K, N).
        teacher: (B, K, N).
        region: (B, K, N) bool.
        tau: τ.

    Returns:
        (B, K).
    """
    low = torch.finfo(student.dtype).min / 4
    ours, theirs = ((view.masked_fill(~region, low) / tau).log_softmax(2) for view in (student, teacher))
    return tau ** 2 * (theirs.exp() * (theirs - ours)).masked_fill(~region, 0.0).sum(2)


@DISTILL_LOSSES.register_module()
class Boundary(DistillLoss):
    """``boundary_edge`` and ``boundary_body``: :func:`masked_channel_kl` of logits on edges and on the rest.

    A class's edge region is that of :func:`class_edges`; its channel is compared there, if it has an edge. The body consists
    of all labelled pixels that are not on an edge; all channels are compared there. Both are means over the classes
    (channels) with such pixels and over samples. Usual weights: 50 and 20.

    Args:
        classes: number of classes: channels of the output.
        width: width of the edges on either side, in pixels of the output.
        tau: temperature.

    Raises:
        ValueError: the output does not have ``classes`` channels.

    Source: Liu et al., WACV 2024 (BPKD), section 3; the authors' repository (AkideLiu/BPKD 83014fa) does not contain the
    loss, so that the edge width and the averaging are our choices.
    """

    terms = ('boundary_edge', 'boundary_body')
    spatial = True
    asks = ('target',)
    method = Method('BPKD (boundaries)', 'Liu et al. 2024', 'outputs', fits='dense', options={'classes': 10},
                    note='reads class labels')

    def __init__(self, classes: int, width: int = 1, tau: float = 1.0) -> None:
        super().__init__()
        self.classes, self.width, self.tau = classes, width, tau

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, *, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are logits (B, K, h, w), ``target`` the classes (B, h, w)."""
        if student.shape[1] != self.classes:
            raise ValueError(f'Boundary: classes={self.classes}, but the output has {student.shape[1]} channels.')
        target = target.reshape(len(target), *student.shape[2:])
        edges = class_edges(target, mask, self.classes, self.width)
        inside = ~edges.any(1) if mask is None else ~edges.any(1) & mask
        body = inside[:, None].expand_as(edges)
        return {name: _mean_over_regions(student.flatten(2), teacher.flatten(2), region.flatten(2), self.tau)
                for name, region in zip(self.terms, (edges, body), strict=True)}


def _mean_over_regions(student: Tensor, teacher: Tensor, region: Tensor, tau: float) -> PerSample:
    return masked_channel_kl(student, teacher, region, tau).sum(1), region.any(2).sum(1)
