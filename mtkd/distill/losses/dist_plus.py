"""DIST+: DIST with a teacher that is adapted by a head trained with the student."""

from collections.abc import Sequence

from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .dist import DIST
from .distill_loss import Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class DISTPlus(DIST):
    """``dist_inter`` and ``dist_intra`` of the adapted teacher, and ``dist_head``, which adapts it.

    The adapted teacher is softmax((W ln t + b) / τ), t its probabilities; W starts as the identity and b as 0, so that
    training starts from DIST. ``dist_head`` is the cross-entropy of the adapted teacher with the label at τ = 1, plus
    ``pull`` times the divergence of the student, without gradient, from it: the head stays correct and approaches the
    student. DIST's terms only train the student. Means are over labelled pixels, or samples.

    Args:
        beta: see :class:`~mtkd.distill.losses.dist.DIST`.
        gamma: see :class:`~mtkd.distill.losses.dist.DIST`.
        temperature: τ of DIST's terms.
        pull: see above; 0: only the label.
        eps: see :class:`~mtkd.distill.losses.dist.DIST`.

    Source: after Huang et al., "DIST+: knowledge distillation from a stronger adaptive teacher", TPAMI 2025
    (doi 10.1109/TPAMI.2025.3554235), of which only the abstract was available to us: a strategy that reduces the difference
    between teacher and student, and DIST between features. Its code is not public (github.com/hunto/DIST_KD at 2418f18
    contains only DIST). The linear head on log-probabilities and its training are our choice; DIST between features is
    not implemented.
    """

    reads = 'log_probs'
    terms = ('dist_inter', 'dist_intra', 'dist_head')
    directions = {'dist_inter': 'inter', 'dist_intra': 'intra', 'dist_head': 'inter'}
    needs_distribution = True
    asks = ('target',)
    method = Method('DIST+', 'after Huang et al. 2025', 'outputs', 'classes', note='a trained head on the teacher')

    def __init__(self, beta: float = 1.0, gamma: float = 1.0, temperature: float = 1.0, pull: float = 0.1,
                 eps: float = 1e-8) -> None:
        super().__init__(beta, gamma, 1.0, eps)
        self.temperature, self.pull = temperature, pull
        self.head: nn.Conv1d

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`: the teacher's head."""
        self.head = nn.Conv1d(student[0], student[0], 1)
        nn.init.eye_(self.head.weight[:, :, 0])
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, target: Tensor) -> Terms:  # type: ignore[override]
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        adapted = self.head(teacher)
        soft = [(view / self.temperature).softmax(1) for view in (student, adapted.detach())]
        terms = dict(super().compare(soft[0], soft[1], mask))
        scale = self.temperature ** 2
        (total, count), intra = terms['dist_inter'], terms['dist_intra']
        assert isinstance(intra, Tensor)
        own = adapted.log_softmax(1)
        values = -own.gather(1, target.reshape(len(target), 1, -1))[:, 0]
        if self.pull:
            other = student.detach()
            values = values + self.pull * (other.exp() * (other - own)).sum(1)
        return {'dist_inter': (scale * total, count), 'dist_intra': scale * intra,
                'dist_head': per_pixel(values, mask)}
