"""Base class of balances that compute a direction from full gradients, not from their Gramian only."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from .balance import Seen
from .gradient_balance import GradientBalance
from .gramian import TaskGradients, carry, combined


class DirectionBalance(GradientBalance):
    """Computes the gradient of the shared parameters from the tasks' gradients; subclasses implement :meth:`direction`.

    There is no device synchronisation. Task-specific parameters (heads, projectors) are trained on the loss of their task,
    unless the method specifies otherwise.

    Args:
        level: one of :attr:`levels`; see :class:`~mtkd.balance.gradient_balance.GradientBalance`.
        tap: the tap of ``level='tap'``.
        seed: the seed for sampling; None: the seed of the run.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Attributes:
        levels: the levels that the method supports.

    Raises:
        ValueError: the level is not supported.
    """

    levels: tuple[str, ...] = ('params',)

    def __init__(self, level: str = 'params', tap: str = 'shared', seed: int | None = None, include: str = 'tasks') -> None:
        if level not in self.levels:
            raise ValueError(f"balance: {type(self).__name__} has no level='{level}'; choose {' or '.join(self.levels)}.")
        super().__init__(level, tap, 'plain', seed, include)

    def _carried(self, losses: Sequence[Tensor], found: TaskGradients, shared_beyond: Sequence[Tensor]) -> Tensor:
        seen = self.see(losses)
        active = seen.active & (found.gram.diagonal() != 0)  # NaN counts as nonzero, so that it stays visible
        found.rows.div_(found.lifts[:, None])
        flat, heads = self.direction(found.rows, active, seen, found.at)
        value = torch.stack([loss.detach().float() for loss in losses]).sum()
        return carry(value, *combined(found, active.float(), list(heads), shared_beyond, flat))

    def direction(self, rows: Tensor, active: Tensor, seen: Seen, at: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The gradient of the shared parameters, and the factors of the task-specific gradients.

        Args:
            rows: (T, N) float32, the gradients; may be modified in place.
            active: (T,) bool, the tasks with a nonzero gradient.
            seen: the losses.
            at: the tensors to which the N entries belong.

        Returns:
            The gradient (N,) and the factors (T,).
        """
        raise TypeError(f'{type(self).__name__} does not implement direction')


class RememberingBalance(DirectionBalance):
    """A direction balance with state: one number per entry of the tasks' gradients, in the buffer ``kept``.

    The state takes T times the size of the trunk, in memory and in checkpoints.
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
        """The state (T, N) of the parameters ``at``."""
        spans = self._spans(at)
        return self.kept[:, spans[0]] if len(spans) == 1 else torch.cat([self.kept[:, span] for span in spans], 1)

    def keep(self, at: Sequence[Tensor], values: Tensor) -> None:
        """Replace the state of the parameters ``at`` by ``values`` (T, N)."""
        start = 0
        for span in self._spans(at):
            self.kept[:, span] = values[:, start:start + span.stop - span.start]
            start += span.stop - span.start

    def _spans(self, at: Sequence[Tensor]) -> list[slice]:
        """The column ranges of the parameters ``at``; adjacent ranges are merged."""
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
