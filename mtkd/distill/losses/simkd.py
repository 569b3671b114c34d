"""SimKD: matches the last feature and reuses the teacher's classifier."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class SimKD(DistillLoss):
    """``simkd``: mean squared difference over channels and pixels between the student's projected and the teacher's map.

    The student has a :class:`~mtkd.models.heads.reused.ReusedHead`; its feature, ``<task>.feat``, is the projected map, and
    its classifier becomes a copy of the teacher's when the distiller is built. The recipe has no other loss: weight 1, the
    task's weight 0. With ``resize='pool'`` the larger map is average-pooled, as released.

    Args:
        classifier: path of the linear layer in the teacher's network, ``'heads.cifar10.logits'``.
        head: path of the head in the student's, ``'heads.cifar10'``.

    Raises:
        ValueError: a module does not exist, or the two layers differ in shape.

    Source: Chen et al., CVPR 2022, equation 2; released code: DefangChen/SimKD 2b389c3.
    """

    terms = ('simkd',)
    method = Method('SimKD', 'Chen et al. 2022', 'features', fits='vectors',
                    note="the student keeps the teacher's classifier")

    def __init__(self, classifier: str | None = None, head: str | None = None) -> None:
        super().__init__()
        if (classifier is None) != (head is None):
            raise ValueError("SimKD: give both classifier=..., the teacher's layer, and head=..., the student's head, or "
                             'none.')
        self.classifier, self.head = classifier, head

    def meet(self, student: nn.Module, teachers: Sequence[nn.Module]) -> None:
        """See :class:`DistillLoss`: copy the teacher's classifier into the student's head."""
        if self.classifier is None or self.head is None:
            return
        theirs = _module(teachers[0], self.classifier, 'teacher')
        ours = getattr(_module(student, self.head, 'student'), 'classifier', None)
        if ours is None:
            raise ValueError(f"SimKD: the student's '{self.head}' has no classifier; use head=dict(type='ReusedHead').")
        if getattr(theirs, 'weight', None) is None or theirs.weight.shape != ours.weight.shape:
            raise ValueError(f"SimKD: the teacher's '{self.classifier}' does not fit the student's classifier "
                             f'{tuple(ours.weight.shape)}; it is {theirs}.')
        with torch.no_grad():
            for name, value in ours.named_parameters():
                value.copy_(getattr(theirs, name))

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'simkd': per_pixel((student - teacher).square().mean(1), mask)}


def _module(network: nn.Module, path: str, whose: str) -> nn.Module:
    try:
        return network.get_submodule(path)
    except AttributeError as error:
        raise ValueError(f"SimKD: the {whose} has no module '{path}' ({error}).") from None
