"""BAM: teacher annealing, from the teachers' outputs to the labels over the training."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Balance, Seen


@BALANCES.register_module()
class BAM(Balance):
    """λ Σ task losses + (1 - λ) Σ distillation terms, λ rising linearly from 0 to 1.

    The paper mixes targets: λ y + (1 - λ) teacher. The gradients of a cross-entropy and of a squared error are linear in
    the target, so mixing losses gives the same gradient exactly when the distillation term is the same loss against the
    teacher's output: ``PlainKD`` with ``tau=1`` for a cross-entropy (KL and CE differ by the teacher's entropy, a constant),
    ``OutputMSE`` for a squared error. For other losses (L1) it is an approximation.

    Terms named ``shared/...`` belong to no task and keep their weight.

    Args:
        include: must be ``'tasks'``.

    Raises:
        ValueError: another ``include``.

    Source: Clark et al. 2019, section 3.2 (teacher annealing); fact sheet 4.1.
    """

    hears = frozenset({'progress'})
    min_tasks = 1
    share: Tensor

    def __init__(self, include: str = 'tasks') -> None:
        super().__init__(include)
        if include != 'tasks':
            raise ValueError("balance: BAM weighs task losses against distillation terms, so include must be 'tasks'.")
        self.register_buffer('share', torch.zeros(()))

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`.

        Raises:
            ValueError: a task has no distillation term.
        """
        super().setup(weights, net, extra)
        taught = {name.split('/')[0] for name in extra or ()}
        alone = [task for task in weights if task not in taught]
        if extra is not None and alone:
            raise ValueError(f"balance: BAM mixes each task's loss with its distillation term, but {', '.join(alone)} has "
                             f"none; add a link for it to model.distiller.")

    def progress(self, done: float) -> None:
        """Update λ."""
        self.share.fill_(done)

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        return self.share * losses.sum()

    def apart(self, name: str, term: Tensor) -> Tensor:
        """Multiply a task's distillation term by 1 - λ."""
        return (1 - self.share) * term if name.split('/')[0] in self.names else term
