"""What every balance is that makes a direction out of whole gradients, not of their Gramian alone."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from .balance import Seen
from .gradient_balance import GradientBalance
from .gramian import TaskGradients, carry, combined


class DirectionBalance(GradientBalance):
    """Makes the gradient of what is shared from the tasks' gradients; a method gives :meth:`direction`.

    Nothing is read by the host. What belongs to a task (its head, its projectors) learns from its own loss, unless the
    method says otherwise.

    Args:
        level: one of :attr:`levels`; see :class:`~mtkd.balance.gradient_balance.GradientBalance`.
        tap: the tap of ``level='tap'``.
        seed: of what the method draws; None takes the run's.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Attributes:
        levels: where the method makes sense.

    Raises:
        ValueError: the level is none of them.
    """

    levels: tuple[str, ...] = ('params',)

    def __init__(self, level: str = 'params', tap: str = 'shared', seed: int | None = None, include: str = 'tasks') -> None:
        if level not in self.levels:
            raise ValueError(f"balance: {type(self).__name__} has no level='{level}'; choose {' or '.join(self.levels)}.")
        super().__init__(level, tap, 'plain', seed, include)

    def _carried(self, losses: Sequence[Tensor], found: TaskGradients, shared_beyond: Sequence[Tensor]) -> Tensor:
        seen = self.see(losses)
        active = seen.active & (found.gram.diagonal() != 0)  # NaN is not 0: it has to show
        found.rows.div_(found.lifts[:, None])
        flat, heads = self.direction(found.rows, active, seen, found.at)
        value = torch.stack([loss.detach().float() for loss in losses]).sum()
        return carry(value, *combined(found, active.float(), list(heads), shared_beyond, flat))

    def direction(self, rows: Tensor, active: Tensor, seen: Seen, at: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The gradient of what is shared, and by what each task's own gradients are multiplied.

        Args:
            rows: (T, N) float32, the gradients; may be written to.
            active: (T,) bool, the tasks whose gradient is not 0.
            seen: the losses.
            at: the tensors that the N entries belong to.

        Returns:
            (N,) and (T,).
        """
        raise TypeError(f'{type(self).__name__} makes no direction')


class RememberingBalance(DirectionBalance):
    """A direction balance that keeps a number for each entry of the tasks' gradients, in the buffer ``kept``.

    That is T times the trunk's size, in memory and in checkpoints.
    """

    kept: Tensor

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        size = sum(p.numel() for p in self._shared)
        device = self._shared[0].device if self._shared else None
        self.register_buffer('kept', torch.zeros(len(weights), size, device=device))

    def recall(self, at: Sequence[Tensor]) -> Tensor:
        """(T, N) what is kept of the parameters ``at``."""
        spans = self._spans(at)
        return self.kept[:, spans[0]] if len(spans) == 1 else torch.cat([self.kept[:, span] for span in spans], 1)

    def keep(self, at: Sequence[Tensor], values: Tensor) -> None:
        """Put (T, N) values in the place of those recalled."""
        start = 0
        for span in self._spans(at):
            self.kept[:, span] = values[:, start:start + span.stop - span.start]
            start += span.stop - span.start

    def _spans(self, at: Sequence[Tensor]) -> list[slice]:
        """The columns of the parameters ``at``, those side by side as one."""
        wanted = {id(p) for p in at}
        spans: list[slice] = []
        start = 0
        for p in self._shared:
            if id(p) in wanted:
                joins = bool(spans) and spans[-1].stop == start
                first = spans.pop().start if joins else start
                spans.append(slice(first, start + p.numel()))
            start += p.numel()
        return spans
