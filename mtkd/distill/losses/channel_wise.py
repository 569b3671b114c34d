"""Channel-wise distillation: matches the spatial distribution of each channel."""

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_sample


def channel_wise(student: Tensor, teacher: Tensor, mask: Tensor | None = None, tau: float = 4.0) -> Tensor:
    """τ² KL(teacher || student) of the channels' softmax over pixels, the mean over channels.

    Args:
        student: (B, C, N).
        teacher: (B, C, N).
        mask: (B, N) bool, the pixels of the softmax; None: all.
        tau: τ.

    Returns:
        (B,), ≥ 0; 0 for a sample without valid pixels.

    Source: Shu et al. 2021, equations 3 to 5.
    """
    if mask is not None:
        low = torch.finfo(student.dtype).min / 4
        student, teacher = (view.masked_fill(~mask[:, None], low) for view in (student, teacher))
    log_student, log_teacher = ((view / tau).log_softmax(2) for view in (student, teacher))
    each = log_teacher.exp() * (log_teacher - log_student)
    each = each if mask is None else each.masked_fill(~mask[:, None], 0.0)
    return tau ** 2 * each.sum(2).mean(1)


@DISTILL_LOSSES.register_module()
class ChannelWise(DistillLoss):
    """``cwd``: :func:`channel_wise`, the mean over samples; usual weights 3 on logits, 50 on features.

    Args:
        tau: temperature.

    Source: Shu et al., ICCV 2021; released code: irfanICMLL/TorchDistiller 78bac7c (``CriterionCWD``, channel, kl), the
    same in winycg/CIRKD dab64db.
    """

    terms = ('cwd',)
    method = Method('CWD', 'Shu et al. 2021', 'features', fits='dense')

    def __init__(self, tau: float = 4.0) -> None:
        super().__init__()
        self.tau = tau

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features or logits."""
        return {'cwd': per_sample(channel_wise(student, teacher, mask, self.tau), mask)}
