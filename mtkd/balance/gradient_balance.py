"""Base class of balances that weigh tasks by their gradients."""

import difflib
import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .balance import Balance, Seen
from .gramian import TaskGradients, carry, combined, reach, take_gradients, wide

LAYER = 'layer:'
FP16_SCALE = 1024.0  # keeps gradients out of the subnormal range of fp16; the optimiser's loss scale is unknown here


class GradientBalance(Balance):
    """Weighs tasks by the Gramian of their gradients at a shared location; subclasses implement :meth:`solve`.

    The gradients of each task are computed once, in a separate backward pass, and the total carries their combination:

    - ``level='tap'``: at the activation of one tap on which the loss of every task depends (the upper bound of MGDA-UB).
      These passes run through the heads only, followed by one ordinary pass through the trunk: no extra pass.
    - ``level='params'``: at the parameters of the trunk that several tasks share, as the papers define their methods. This
      takes T full backward passes and none afterwards.
    - ``level='layer:<name>'``: at the parameters of one module of the net, or at one parameter. This takes T passes down to
      it, followed by the plain pass of the weighted sum.

    Args:
        level: as above.
        tap: the tap of ``level='tap'``.
        heads: ``'weighted'``: all parameters receive the gradient of Σ w_t L_t; ``'plain'``: task-specific parameters
            (heads, projectors) receive the gradient of L_t, and only shared parameters are affected by the weights.
        seed: the seed for sampling; None: the seed of the run.
        include: see :class:`~mtkd.balance.balance.Balance`. With ``'all'``, a distillation term that does not depend on the
            shared location keeps its fixed weight, and a warning names it once.

    Attributes:
        remembers: the names of the buffers that :meth:`solve` reads and writes as ``self.memory[name]``.

    Raises:
        ValueError: ``level`` or ``heads`` is unknown.
    """

    needs_gram = True
    remembers: tuple[str, ...] = ()

    def __init__(self, level: str = 'tap', tap: str = 'shared', heads: str = 'plain', seed: int | None = None,
                 include: str = 'tasks') -> None:
        super().__init__(include)
        name = type(self).__name__
        if level not in ('tap', 'params') and not level.startswith(LAYER):
            raise ValueError(f"balance: {name} has no level='{level}'; choose 'tap', 'params' or 'layer:<module>'.")
        if heads not in ('weighted', 'plain'):
            raise ValueError(f"balance: {name}: heads='{heads}' is unknown; choose 'weighted' or 'plain'.")
        if heads == 'plain' and level.startswith(LAYER):
            raise ValueError(f"balance: {name}: level='{level}' takes the gradients of one layer, so it cannot weigh the "
                             f"trunk separately from the heads; use heads='weighted', or level='tap' or 'params'.")
        self.level, self.tap, self.heads, self.seed = level, tap, heads, seed
        self._shared: list[Tensor] = []
        self._layer: list[Tensor] = []
        self._warned: set[str] = set()
        self._run_seed = 0
        self.memory: dict[str, np.ndarray] = {}
        self._staging: Tensor | None = None

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`; finds the shared parameters, the tap or the layer.

        Raises:
            ValueError: there are fewer than two tasks, the tap or layer does not exist or is not shared, or has no trainable
                parameters.
        """
        super().setup(weights, net, extra)
        _allow_several_passes()
        if net is None:
            if self.level != 'tap':
                raise ValueError(f"balance: level='{self.level}' needs the network; call setup(weights, net).")
            return
        self._shared = [p for p in net.get_submodule('trunk').parameters() if p.requires_grad]
        if not self._shared:
            raise ValueError(f'balance: {type(self).__name__} weighs gradients of the trunk, but all its parameters are '
                             f"frozen; use dict(type='WeightedSum').")
        if self.level == 'tap':
            _check_tap(self.tap, net, self.names)
        elif self.level.startswith(LAYER):
            self._layer = _layer(self.level.removeprefix(LAYER), net)

    def _places(self, at: Tensor | None) -> Mapping[str, Tensor]:
        if self.level != 'tap' and at is not None:
            raise ValueError(f"balance: level='{self.level}' takes gradients at parameters, not at a feature; remove at, or "
                             f"use level='tap'.")
        if self.level == 'tap' and at is None and torch.is_grad_enabled():
            raise ValueError(f'balance: {type(self).__name__} takes gradients at a feature that all losses use; pass it, '
                             f'as in balance(losses, at=feature).')
        return {} if at is None else {self.tap: at}

    def extra_passes(self, num_tasks: int) -> int:
        """0 for a tap, T - 1 for the parameters, T (down to the layer only) for a layer."""
        return {'tap': 0, 'params': num_tasks - 1}.get(self.level, num_tasks)

    @property
    def cost(self) -> str:
        """Describe :meth:`extra_passes` in words."""
        words = {'tap': 'no extra backward pass', 'params': 'T - 1 extra backward passes'}
        return words.get(self.level, 'T extra backward passes down to the layer')

    def begin(self, seed: int = 0) -> None:
        """See :meth:`Balance.begin`."""
        super().begin(seed)
        self._run_seed = seed

    def total(self, losses: Sequence[Tensor], taps: Mapping[str, Tensor], alone: bool = False,
              parts: Sequence[Sequence[Tensor]] = ()) -> Tensor:
        """T scalars -> (), with the value Σ w_t L_t, or Σ L_t if heads are plain."""
        if not any(loss.requires_grad for loss in losses):
            return torch.stack(list(losses)).sum()
        device = losses[0].device.type
        fp16 = torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.float16
        fp16 = fp16 or (self.level == 'tap' and taps[self.tap].dtype == torch.float16)
        with torch.autocast(device, enabled=False), torch.autocast('cpu', enabled=False):
            found, shared_beyond = self._take(losses, taps, FP16_SCALE if fp16 else 1.0, alone)
            return self._carried(losses, found, shared_beyond)

    def _carried(self, losses: Sequence[Tensor], found: TaskGradients, shared_beyond: Sequence[Tensor]) -> Tensor:
        seen = self.see(losses)
        weights, of_heads = self.weigh_both(found.gram.detach(), seen)
        if self.level.startswith(LAYER):
            return (torch.stack(list(losses)) * weights).sum()
        own: list[Tensor | float] = list(of_heads) if self.heads == 'weighted' else [1.0] * len(losses)
        values = torch.stack([loss.detach().float() for loss in losses])
        value = (values * of_heads).sum() if self.heads == 'weighted' else values.sum()
        return carry(value, *combined(found, weights, own, shared_beyond))

    def weigh(self, gram: Tensor, seen: Seen) -> Tensor:
        """Task weights (T,) float32 for shared parameters, see :meth:`weigh_both`."""
        return self.weigh_both(gram, seen)[0]

    def weigh_both(self, gram: Tensor, seen: Seen) -> tuple[Tensor, Tensor]:
        """Task weights: those of :meth:`solve` for the active tasks, 0 for the others.

        A task with a gradient of exactly 0 has no labels in the step and is excluded as well. A single task has weight 1. If
        the Gramian is not finite, the weights are NaN: a gradient scaler skips that step, and without a scaler the error
        stays visible.

        The Gramian, the losses and the state of the method are copied to the host in one transfer of T² + 2 T numbers plus
        the state; this is the only device synchronisation of the step. Weights and state return in one transfer.

        Args:
            gram: (T, T), of any floating type; float64 from the network.
            seen: the losses.

        Returns:
            Weights (T,) float32 for shared parameters, on the device of the Gramian, and weights of the same form for
            task-specific parameters, which apply if ``heads='weighted'``.
        """
        count, dtype = len(self.names), wide(gram.device)
        owners = [(part, name) for part in self.modules() if isinstance(part, GradientBalance) for name in part.remembers]
        buffers = [getattr(part, name) for part, name in owners]
        sent = [gram, seen.values, seen.active, *buffers]
        host = torch.cat([value.detach().to(dtype).flatten() for value in sent]).cpu().double().numpy()
        cuts = np.cumsum([value.numel() for value in sent])
        matrix, values, active, *kept = np.split(host, cuts[:-1])
        for (part, name), buffer, value in zip(owners, buffers, kept, strict=True):
            part.memory[name] = value.reshape(buffer.shape).copy()
        weights = self._solved(matrix.reshape(count, count), values, active != 0)
        back = np.concatenate([weights.ravel(), *(part.memory[name].ravel() for part, name in owners)])
        returned = self._sent_back(back, gram.device, dtype).split([count, count, *(b.numel() for b in buffers)])
        for buffer, value in zip(buffers, returned[2:], strict=True):
            buffer.copy_(value.view(buffer.shape))
        return returned[0].float(), returned[1].float()

    def _sent_back(self, values: np.ndarray, device: torch.device, dtype: torch.dtype) -> Tensor:
        """Copy the values to the device through a reused buffer: the next step's copy to the host waits for this one."""
        if self._staging is None or len(self._staging) != len(values):
            self._staging = torch.empty(len(values), dtype=torch.float64, pin_memory=device.type == 'cuda')
        self._staging.numpy()[:] = values
        return self._staging.to(device=device, dtype=dtype, non_blocking=True)

    def _solved(self, gram: np.ndarray, values: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Weights (2, T): for shared parameters and for heads."""
        weights = np.zeros((2, len(values)))
        if not np.isfinite(gram).all():
            return np.full_like(weights, np.nan)
        tasks = np.flatnonzero(active & (gram.diagonal() > 0))
        if len(tasks) == 1:
            weights[:, tasks] = 1.0
        elif len(tasks) > 1:
            weights[:, tasks] = self.solve(gram[np.ix_(tasks, tasks)], tasks, values[tasks])
        return weights

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Compute the weights of the active tasks, on the host in float64.

        Gradients may have any scale and any ratio between tasks: :func:`~mtkd.balance.angles.angles` splits a Gramian into
        norms and cosines. State that a method keeps between steps is in ``self.memory``, one array for each buffer of
        :attr:`remembers`, and may be modified in place.

        Args:
            gram: (A, A) float64, with a nonzero diagonal.
            tasks: (A,) int64, the indices of these tasks among all tasks; A is at least 2.
            values: (A,) float64, the losses.

        Returns:
            (A,), or (2, A) if heads use other weights than the shared parameters.
        """
        raise TypeError(f'{type(self).__name__} does not implement solve')

    def joins(self, name: str, term: Tensor, taps: Mapping[str, Tensor]) -> bool:
        """Whether a distillation term belongs to a task and depends on the location where gradients are taken."""
        if not super().joins(name, term, taps):
            return False
        if not torch.is_grad_enabled() or self._passes(term, taps):
            return True
        if name not in self._warned:
            self._warned.add(name)
            warnings.warn(f"balance: the term '{name}' has no gradient at {self._place}; it keeps its fixed weight and is "
                          f'added unchanged.', stacklevel=2)
        return False

    def generator(self, step: int) -> np.random.Generator:
        """The random generator of one step, the same on every rank and after resuming."""
        return np.random.default_rng([self._run_seed if self.seed is None else self.seed, step])

    @property
    def _place(self) -> str:
        return {'tap': f"the tap '{self.tap}'", 'params': 'the trunk'}.get(self.level, self.level)

    def _passes(self, term: Tensor, taps: Mapping[str, Tensor]) -> bool:
        if self.level == 'params':
            return True
        if self.level == 'tap':
            shared = {id(p) for p in self._shared}
            reached = reach(term, taps[self.tap])
            return reached.stopped and not any(id(leaf) in shared for leaf in reached.leaves)
        layer = {id(p) for p in self._layer}
        return any(id(leaf) in layer for leaf in reach(term).leaves)

    def _take(self, losses: Sequence[Tensor], taps: Mapping[str, Tensor], scale: float,
              alone: bool) -> tuple[TaskGradients, list[Tensor]]:
        """The tasks' gradients, and the leaves beyond the location that several tasks share."""
        if self.level == 'tap':
            return self._take_at_tap(losses, taps[self.tap], scale)
        reached = [reach(loss).leaves for loss in losses]
        at = self._layer if self.level.startswith(LAYER) else self._met_by_several(reached)
        here = {id(p) for p in at}
        for name, loss, leaves in zip(self.names, losses, reached, strict=True):
            if loss.requires_grad and not any(id(leaf) in here for leaf in leaves):
                raise ValueError(f"balance: the loss of task '{name}' does not depend on {self._place}; choose a location "
                                 f'that all tasks share.')
        beyond = [[leaf for leaf in leaves if id(leaf) not in here] if self.level == 'params' else []
                  for leaves in reached]
        free = alone and self.level == 'params'  # at other levels, the pass through the trunk still follows
        return take_gradients(losses, at, beyond, replicated=True, scale=scale, free=free), []

    def _met_by_several(self, reached: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        """The trunk parameters that more than one task uses; a trunk may contain task-specific parts (MTAN)."""
        tasks = Counter(id(leaf) for leaves in reached for leaf in leaves)
        several = min(2, sum(bool(leaves) for leaves in reached))
        return [p for p in self._shared if tasks[id(p)] >= several]

    def _take_at_tap(self, losses: Sequence[Tensor], tap: Tensor, scale: float) -> tuple[TaskGradients, list[Tensor]]:
        shared = {id(p) for p in self._shared}
        reached = [reach(loss, tap) for loss in losses]
        after = {id(leaf): leaf for found in reached for leaf in found.leaves if id(leaf) in shared}
        before = {id(leaf) for leaf in reach(tap).leaves} if after or not shared else set()  # unknown without a net
        for name, loss, found in zip(self.names, losses, reached, strict=True):
            if loss.requires_grad and not found.stopped:
                raise ValueError(f"balance: the loss of task '{name}' does not depend on {self._place}; choose a location "
                                 f'that all tasks share.')
            if any(id(leaf) in before for leaf in found.leaves):
                raise ValueError(f"balance: a path of task '{name}' bypasses {self._place}; use level='params', or a tap "
                                 f'through which all its paths run.')
        beyond = [found.leaves for found in reached]
        return take_gradients(losses, [tap], beyond, replicated=False, scale=scale), list(after.values())


def _allow_several_passes() -> None:
    """Keep the buffers of compiled parts, which they otherwise donate in the first backward pass, for the other passes."""
    from torch._functorch import config
    config.donated_buffer = False


def _check_tap(tap: str, net: nn.Module, tasks: Collection[str]) -> None:
    specs: Mapping[str, Any] = getattr(net, 'tap_specs', {})
    if any(f'{task}.in' in specs for task in tasks):
        raise ValueError("balance: tasks do not all pass through one tap; use level='params' or 'layer:<module>'.")
    if specs and tap not in specs:
        near = difflib.get_close_matches(tap, specs, n=3, cutoff=0.4)
        raise ValueError(f"balance: the net has no tap '{tap}'; {'nearest' if near else 'it has'}: "
                         f"{', '.join(near or specs)}.")
    owner = tap.split('.')[0]
    if owner in tasks:
        raise ValueError(f"balance: only task '{owner}' uses the tap '{tap}'; choose a tap of the trunk, such as 'shared'.")


def _layer(name: str, net: nn.Module) -> list[Tensor]:
    """The trainable parameters of the module ``name``, or the one parameter of that name."""
    parameters = dict(net.named_parameters())
    modules = dict(net.named_modules())
    if name in parameters:
        found: list[Tensor] = [parameters[name]]
    elif name in modules:
        found = list(modules[name].parameters())
    else:
        near = difflib.get_close_matches(name, [*modules, *parameters], n=3, cutoff=0.4)
        raise ValueError(f"balance: the net has no layer '{name}'" + (f"; nearest: {', '.join(near)}." if near else '.'))
    found = [p for p in found if p.requires_grad]
    if not found:
        raise ValueError(f"balance: the layer '{name}' has no trainable parameters; choose another layer.")
    return found
