"""Balances whose weights TorchJD computes from the Gramian, each under its paper's name.

TorchJD is imported when one of them runs, since its solvers take long to import. Of its other weightings, Sum, Mean and
Constant are :class:`~mtkd.balance.weighted_sum.WeightedSum`; MGDA and PCGrad have files of their own here; SDMGrad and MoDo
want gradients of two independent batches, ExcessMTL, ConFIG, GradDrop and TrimmedMean whole gradients: none of them works on
a Gramian.
"""

import importlib.util
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .gradient_balance import GradientBalance


def need(method: str, packages: Sequence[str], extra: str) -> None:
    """Make sure that what a solver is made of is installed.

    Raises:
        ValueError: a package is missing; names it and the command.
    """
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        raise ValueError(f"balance: {method} needs {' and '.join(missing)}, which is not installed; run: "
                         f"pip install 'torchjd[{extra}]'")


class Preferring(GradientBalance):
    """A gradient balance with a preference among tasks.

    Args:
        preference: T weights, in the order of the tasks, of what is projected or aligned; None is 1 / T each. Of absent
            tasks they are left out and the others scaled to the same sum.
        **place: level, tap, heads, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.
    """

    def __init__(self, preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(**place)
        self.preference = preference

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`.

        Raises:
            ValueError: there are not as many preferences as tasks.
        """
        super().setup(weights, net, extra)
        if self.preference is not None and (len(self.preference) != len(weights) or min(self.preference) <= 0):
            raise ValueError(f"balance: {type(self).__name__}'s preference must hold {len(weights)} positive numbers, one "
                             f"for each of {', '.join(weights)}; it is {list(self.preference)}.")

    def preferred(self, tasks: Tensor) -> Tensor | None:
        """The preferences of the tasks at hand."""
        if self.preference is None:
            return None
        chosen = torch.tensor(self.preference)[tasks]
        return chosen * sum(self.preference) / chosen.sum()


@BALANCES.register_module()
class UPGrad(Preferring):
    """Each gradient projected onto the cone where no task's loss rises, then averaged.

    Args:
        preference: see :class:`Preferring`.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Quinton & Rey 2024, Jacobian descent; solved by TorchJD with quadprog.
    """

    def __init__(self, preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(preference, **place)
        need('UPGrad', ('quadprog', 'qpsolvers'), 'quadprog_projector')

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import UPGradWeighting
        return UPGradWeighting(self.preferred(tasks))(gram)


@BALANCES.register_module()
class DualProj(Preferring):
    """The mean gradient projected onto the cone where no task's loss rises.

    Args:
        preference: see :class:`Preferring`.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Lopez-Paz & Ranzato 2017 (GEM), equation 11; solved by TorchJD with quadprog.
    """

    def __init__(self, preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(preference, **place)
        need('DualProj', ('quadprog', 'qpsolvers'), 'quadprog_projector')

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import DualProjWeighting
        return DualProjWeighting(self.preferred(tasks))(gram)


@BALANCES.register_module()
class AlignedMTL(Preferring):
    """Gradients made orthogonal and of one length, by the smallest change of the gradient system.

    Args:
        scale_mode: the length: ``'min'``, ``'median'`` or ``'rmse'`` of the singular values; the authors' code: ``'rmse'``.
        preference: see :class:`Preferring`.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Senushkin et al. 2023; TorchJD.
    """

    def __init__(self, scale_mode: str = 'min', preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(preference, **place)
        if scale_mode not in ('min', 'median', 'rmse'):
            raise ValueError(f"balance: AlignedMTL has no scale_mode='{scale_mode}'; choose min, median or rmse.")
        self.scale_mode = scale_mode

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import AlignedMTLWeighting
        return AlignedMTLWeighting(self.preferred(tasks), scale_mode=self.scale_mode)(gram)


@BALANCES.register_module()
class CAGrad(GradientBalance):
    """The direction within a ball around the mean gradient that helps the worst task most.

    Args:
        c: the ball's radius in lengths of the mean gradient.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Liu et al. 2021; solved by TorchJD with cvxpy and clarabel.
    """

    def __init__(self, c: float = 0.4, **place: Any) -> None:
        super().__init__(**place)
        need('CAGrad', ('cvxpy', 'clarabel'), 'cagrad')
        self.c = c

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import CAGradWeighting
        return CAGradWeighting(c=self.c)(gram)


@BALANCES.register_module()
class IMTLG(GradientBalance):
    """Weights of sum 1 with which the total has the same projection on every task's gradient.

    Args:
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Liu et al. 2021, Towards impartial multi-task learning; TorchJD.
    """

    def __init__(self, **place: Any) -> None:
        super().__init__(**place)

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import IMTLGWeighting
        return IMTLGWeighting()(gram)


@BALANCES.register_module()
class FairGrad(GradientBalance):
    """Weights that solve G w = w^(-1/α): an α-fair share of progress for each task.

    Args:
        alpha: α; 0 is the mean, 1 proportional fairness, large values help the slowest task.
        max_iters: of the least-squares solver; None is SciPy's own.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Ban & Ji 2024; solved by TorchJD with SciPy.
    """

    def __init__(self, alpha: float = 2.0, max_iters: int | None = None, **place: Any) -> None:
        super().__init__(**place)
        self.alpha, self.max_iters = alpha, max_iters

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import FairGradWeighting
        return FairGradWeighting(alpha=self.alpha, max_iters=self.max_iters)(gram)


@BALANCES.register_module()
class Krum(GradientBalance):
    """The gradients nearest to the others, and none of the rest.

    Args:
        num_outliers: how many tasks may be far off; there must be at least this number plus 3. Where fewer tasks than that
            are in a batch, the weights are equal.
        num_selected: how many gradients are averaged.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Blanchard et al. 2017; TorchJD.
    """

    def __init__(self, num_outliers: int = 1, num_selected: int = 1, **place: Any) -> None:
        super().__init__(**place)
        self.num_outliers, self.num_selected = num_outliers, num_selected

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`.

        Raises:
            ValueError: there are too few tasks.
        """
        super().setup(weights, net, extra)
        least = max(self.num_outliers + 3, self.num_selected)
        if len(weights) < least:
            raise ValueError(f'balance: Krum with num_outliers={self.num_outliers} and num_selected={self.num_selected} '
                             f'wants {least} tasks or more; there are {len(weights)}.')

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        from torchjd.aggregation import KrumWeighting
        if len(tasks) < max(self.num_outliers + 3, self.num_selected):
            return torch.full((len(tasks),), 1 / len(tasks))
        return KrumWeighting(self.num_outliers, self.num_selected)(gram)
