"""GradNorm: learned weights that equalise gradient norms, adjusted by the relative training rates of the tasks."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Seen
from .gradient_balance import GradientBalance

FIRST = ('first_iter', 'first_epoch')


@BALANCES.register_module()
class GradNorm(GradientBalance):
    """Learns w_t by minimising Σ |G_t - Ḡ r_t^α|, with G_t = w_t ‖g_t‖ and r_t the relative inverse training rate of task t.

    The total is Σ w_t L_t with w_t detached. w_t receives only the gradient of the GradNorm loss, which has a closed form in
    the Gramian's diagonal, so that no double backward is needed. The GradNorm loss enters the total with value 0. The
    weights are parameters of the model and are trained by its optimiser; before each step they are clamped at 0 and rescaled
    to sum T.

    Args:
        alpha: α, how strongly slow tasks are pulled up.
        l0: the initial losses L_t(0) for r_t: those of the ``'first_iter'`` (KD4MTL's code), or the mean over the
            ``'first_epoch'`` (LibMTL), during which the weights stay 1.
        level, tap, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`. The paper's W is the last shared
            layer: ``level='layer:<name>'``.

    Source: Chen et al. 2018, equations 1 and 2; fact sheet 4.1.
    """

    task_weights: nn.Parameter
    initial: Tensor
    first_sum: Tensor
    first_count: Tensor

    def __init__(self, alpha: float = 1.5, l0: str = 'first_iter', level: str = 'tap', tap: str = 'shared',
                 include: str = 'tasks') -> None:
        super().__init__(level, tap, 'weighted', include=include)
        if l0 not in FIRST:
            raise ValueError(f"balance: GradNorm has no l0='{l0}'; choose from {', '.join(FIRST)}.")
        self.alpha, self.l0 = alpha, l0
        if l0 == 'first_epoch':
            self.hears = frozenset({'epoch'})
        self._pull: Tensor | None = None

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.task_weights = nn.Parameter(torch.ones(len(weights)))
        self.register_buffer('initial', torch.zeros(len(weights)))  # 0 means unknown
        self.register_buffer('first_sum', torch.zeros(len(weights)))
        self.register_buffer('first_count', torch.zeros(len(weights)))

    def total(self, losses: Sequence[Tensor], taps: Mapping[str, Tensor], alone: bool = False,
              parts: Sequence[Sequence[Tensor]] = ()) -> Tensor:
        """T scalars -> (): Σ w_t L_t, which also carries the gradient of the GradNorm loss for w."""
        total = super().total(losses, taps, alone)
        pull, self._pull = self._pull, None
        return total if pull is None else total + (pull - pull.detach())

    def weigh_both(self, gram: Tensor, seen: Seen) -> tuple[Tensor, Tensor]:
        """The learned weights (T,), twice."""
        with torch.no_grad():
            self.task_weights.clamp_(min=0.0)
            self.task_weights.mul_(len(self.names) / self.task_weights.sum())
        self._remember(seen)
        norms = gram.diagonal().clamp_min(0.0).sqrt().float()
        active = seen.active & (norms > 0) & (self.initial > 0)
        scaled = self.task_weights * norms
        with torch.no_grad():
            wanted = targets(scaled, seen.values / torch.where(active, self.initial, torch.ones_like(norms)), active,
                             self.alpha)
        self._pull = ((scaled - wanted).abs() * active).sum()
        weights = self.task_weights.detach() * seen.active
        return weights, weights

    def _remember(self, seen: Seen) -> None:
        if self.l0 == 'first_iter':
            self.initial.copy_(torch.where((self.initial == 0) & seen.active, seen.values, self.initial))
        else:
            self.first_sum += seen.values
            self.first_count += seen.active

    def end_epoch(self) -> None:
        """Set the initial loss of each task that occurred for the first time."""
        if self.l0 == 'first_epoch':
            mean = self.first_sum / self.first_count.clamp_min(1)
            self.initial.copy_(torch.where((self.initial == 0) & (self.first_count > 0), mean, self.initial))


def targets(norms: Tensor, ratios: Tensor, active: Tensor, alpha: float) -> Tensor:
    """Target gradient norms Ḡ r_t^α, with means over active tasks.

    Args:
        norms: (T,), the weighted norms G_t.
        ratios: (T,), L_t / L_t(0).
        active: (T,) bool.
        alpha: α.
    """
    count = active.sum().clamp_min(1)
    mean_norm = (norms * active).sum() / count
    mean_ratio = (ratios * active).sum() / count
    return mean_norm * (ratios / torch.where(mean_ratio > 0, mean_ratio, torch.ones_like(mean_ratio))) ** alpha
