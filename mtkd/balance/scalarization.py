"""Base classes of balances that are a function of the loss values."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from .balance import Balance, Seen


class Scalarization(Balance):
    """A function f(L_1, ..., L_T) of the losses over all ranks; subclasses implement :meth:`scalar`.

    f may be nonlinear, and a rank knows only its share of a loss. Therefore f is differentiated at the losses over all
    ranks, and the total is Σ ∂f/∂L_t · L_t, shifted to the value of f: two ranks compute the same gradient as one process.
    """

    def scalar(self, values: Tensor, active: Tensor) -> Tensor:
        """The function f.

        Args:
            values: (T,) float32, the losses, with gradients enabled; 0 for absent tasks.
            active: (T,) bool, the active tasks; only these may contribute.

        Returns:
            ().
        """
        raise TypeError(f'{type(self).__name__} does not implement scalar')

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        if seen is None:
            seen = Seen(losses.detach().float(), losses.detach() != 0)
        with torch.enable_grad():
            values = seen.values.detach().requires_grad_()
            value = self.scalar(values, seen.active)
            weights, = torch.autograd.grad(value, values)
        weights = torch.where(seen.active, weights, torch.zeros_like(weights))
        rest = (value - (weights * values).sum()).detach()
        return (weights * losses).sum() + torch.where(seen.active.any(), rest, torch.zeros_like(rest))


class Directed(Scalarization):
    """A scalarization with a preference among tasks and an optional reference point.

    Args:
        preference: T positive numbers, in the order of the tasks; None: 1 each.
        reference: T numbers, the assumed best losses; None: 0 each.
        include: see :class:`~mtkd.balance.balance.Balance`.
    """

    ray: Tensor
    best: Tensor

    def __init__(self, preference: Sequence[float] | None = None, reference: Sequence[float] | None = None,
                 include: str = 'tasks') -> None:
        super().__init__(include)
        self.preference, self.reference = preference, reference

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`.

        Raises:
            ValueError: the number of values differs from the number of tasks, or a preference is not positive.
        """
        super().setup(weights, net, extra)
        for what, given in (('preference', self.preference), ('reference', self.reference)):
            positive = what == 'reference' or given is None or min(given, default=0) > 0
            if given is not None and (len(given) != len(weights) or not positive):
                raise ValueError(f"balance: {type(self).__name__}'s {what} must hold {len(weights)} "
                                 f"{'positive ' if what == 'preference' else ''}numbers, one for each of "
                                 f"{', '.join(weights)}; it is {list(given)}.")
        ones, zeros = [1.0] * len(weights), [0.0] * len(weights)
        for name, given, plain in (('ray', self.preference, ones), ('best', self.reference, zeros)):
            numbers = plain if given is None else list(given)
            self.register_buffer(name, torch.tensor(numbers, dtype=torch.float32), persistent=False)
