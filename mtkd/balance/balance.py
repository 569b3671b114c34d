"""What every balance is: task losses in, one number out."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Balance(nn.Module):
    """Turns the tasks' losses into the total that is differentiated.

    A balance sees one loss a task: the sum of the task's terms. Terms of a distiller keep their own weights and are
    added to the total, unless ``include='all'`` puts each into its task's loss.

    Args:
        include: ``'tasks'`` or ``'all'``: what the balance weighs.

    Attributes:
        needs_gram: whether :meth:`combine` wants the Gramian of the tasks' gradients.
        names: the tasks, in the order of the vectors.
    """

    needs_gram = False

    def __init__(self, include: str = 'tasks') -> None:
        super().__init__()
        if include not in ('tasks', 'all'):
            raise ValueError(f"balance: include='{include}' is unknown; choose 'tasks' or 'all'.")
        self.include = include
        self.names: tuple[str, ...] = ()
        self.weights: dict[str, float] = {}

    def setup(self, weights: Mapping[str, float]) -> None:
        """Learn the tasks and the fixed weight λ_n each is configured with; called once, at build time."""
        self.names = tuple(weights)
        self.weights = dict(weights)

    def combine(self, losses: Tensor, gram: Tensor | None = None) -> Tensor:
        """(T,) weighted task losses, (T, T) Gramian or None -> () total."""
        return losses.sum()

    def forward(self, terms: Mapping[str, Tensor], extra: Mapping[str, Tensor], extra_weights: Mapping[str, float],
                taps: Mapping[str, Tensor]) -> Tensor:
        """The total loss.

        Args:
            terms: ``<task>/<name>`` -> (), the tasks' terms.
            extra: the distiller's terms, by name.
            extra_weights: the weight of each of ``extra``.
            taps: the student's taps, where gradients may be taken.

        Returns:
            () float32.
        """
        device = next(iter(terms.values())).device
        per_task = {name: torch.zeros((), device=device) for name in self.names}
        for name, term in terms.items():
            task = name.split('/')[0]
            per_task[task] = per_task[task] + self.weights[task] * term
        fixed = []
        for name, term in extra.items():
            task = name.split('/')[0]
            weighted = extra_weights[name] * term
            if self.include == 'all' and task in per_task:
                per_task[task] = per_task[task] + weighted
            else:
                fixed.append(weighted)
        total = self.combine(torch.stack([per_task[name] for name in self.names]))
        return total + torch.stack(fixed).sum() if fixed else total
