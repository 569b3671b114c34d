"""Base class of all loss balances."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..structures import world_size


@dataclass(frozen=True)
class Seen:
    """Detached task losses of one step, the same on every rank.

    Attributes:
        values: (T,) float32, the losses reduced over all ranks.
        active: (T,) bool, whether a task's loss has any labelled element on any rank.
            :func:`~mtkd.structures.reduce.global_ratio` returns exactly 0 if there is no label or no valid pixel.
    """

    values: Tensor
    active: Tensor


class Balance(nn.Module):
    """Base class of loss balances: combines the task losses into the total loss that is differentiated.

    A balance sees one loss per task: the sum of the task's terms, times its fixed weight. Terms of a distiller keep their
    own weights and are added to the total, unless ``include='all'`` puts each into its task's loss. A task without labels in
    the batch of any rank is excluded from the step: its weight is 0 and its statistics are not updated.

    With gradients disabled (a loss computed in validation), the total is the plain sum and nothing is updated.

    Args:
        include: which losses are balanced: ``'tasks'`` or ``'all'``.

    Attributes:
        needs_gram: whether the method reads the Gramian of the tasks' gradients.
        level: where those gradients are taken; ``'loss'`` if the method uses no gradients.
        heads: whether task-specific parameters receive the gradient of the ``'weighted'`` or of the ``'plain'`` loss.
        min_tasks: the minimum number of tasks.
        reads_values: whether :meth:`combine` receives a :class:`Seen`, which costs one all-reduce of T numbers.
        hears: the events that the engine's BalanceHook must pass to the method: ``'seed'``, ``'progress'``, ``'epoch'``,
            ``'validation'``, ``'stepped'``.
        parts: the number of independent mini-batches into which the model splits each batch; their losses are passed to
            :meth:`total` in addition to those of the whole batch.
        names: the tasks, in the order of all (T,) vectors.
    """

    needs_gram = False
    level = 'loss'
    heads = 'weighted'
    min_tasks = 2
    reads_values = True
    hears: frozenset[str] = frozenset()
    parts = 1
    step: Tensor

    def __init__(self, include: str = 'tasks') -> None:
        super().__init__()
        if include not in ('tasks', 'all'):
            raise ValueError(f"balance: include='{include}' is unknown; choose 'tasks' or 'all'.")
        self.include = include
        self._counts: dict[str, int] = {}
        self.names: tuple[str, ...] = ()
        self.weights: dict[str, float] = {}
        self._begun = False

    def count_steps(self) -> None:
        """Register the buffer ``step``, for methods that sample or act at intervals; to be called in ``__init__``."""
        self.keep_count('step')

    def keep_count(self, name: str) -> None:
        """Register a counter buffer that starts at 0, with a copy on the host, so that reads need no synchronisation."""
        self.register_buffer(name, torch.zeros((), dtype=torch.int64))
        self._counts[name] = 0

    def counted(self, name: str) -> int:
        """The current value of a counter."""
        return self._counts[name]

    def advance(self, name: str) -> int:
        """Increment a counter and return its previous value."""
        self._counts[name] += 1
        getattr(self, name).add_(1)
        return self._counts[name] - 1

    def next_step(self) -> int:
        """The number of the current step, from 0; each call advances it by 1."""
        return self.advance('step')

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        for name in self._counts:
            if prefix + name in state_dict:
                self._counts[name] = int(state_dict[prefix + name])

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """Set the tasks to balance; called once, at build time.

        Args:
            weights: task -> its fixed weight λ_n from the config.
            net: the network, for methods that take gradients.
            extra: the names of the distiller's terms; None if they are unknown.

        Raises:
            ValueError: the method cannot balance these tasks.
        """
        if len(weights) < self.min_tasks:
            raise ValueError(f"balance: {type(self).__name__} needs two or more tasks, but there is only "
                             f"{', '.join(weights) or 'none'}; use dict(type='WeightedSum').")
        self.names = tuple(weights)
        self.weights = dict(weights)

    def extra_passes(self, num_tasks: int) -> int:
        """Number of backward passes through the trunk in addition to that of a plain sum."""
        return 0

    @property
    def cost(self) -> str:
        """Describe :meth:`extra_passes` in words."""
        return 'no extra backward pass'

    def begin(self, seed: int = 0) -> None:
        """Called when a run starts or resumes; methods that sample and have no seed of their own use that of the run."""
        self._begun = True

    def progress(self, done: float) -> None:
        """Called before each step with the completed fraction of the training, 0 to 1."""

    def end_epoch(self) -> None:
        """Called after the last step of an epoch."""

    def validated(self, metrics: Mapping[str, float]) -> None:
        """Called after a validation with ``<task>/<metric>`` -> value."""

    def stepped(self, losses: Sequence[Tensor]) -> None:
        """Called after the optimiser step with the detached task losses on the same batch."""

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """Combine the task losses (T,), with their graphs, into the total ()."""
        return losses.sum()

    def total(self, losses: Sequence[Tensor], taps: Mapping[str, Tensor], alone: bool = False,
              parts: Sequence[Sequence[Tensor]] = ()) -> Tensor:
        """Total of the task losses in training.

        Args:
            losses: T scalars.
            taps: the taps of the student.
            alone: whether nothing is added to this total, so that no other backward pass through the graph follows.
            parts: the T losses of each of the :attr:`parts` mini-batches; empty if that is 1.
        """
        return self.combine(torch.stack(list(losses)), self.see(losses) if self.reads_values else None)

    def forward(self, terms: Mapping[str, Tensor], extra: Mapping[str, Tensor] | None = None,
                extra_weights: Mapping[str, float] | None = None, taps: Mapping[str, Tensor] | None = None,
                present: Mapping[str, Tensor] | None = None, parts: Sequence[Mapping[str, Tensor]] = (), *,
                at: Tensor | None = None) -> Tensor:
        """Compute the total loss, ready for ``backward()``.

        In your own training loop, ``balance({'depth': loss_1, 'semseg': loss_2}, at=feature)`` is enough: the first call
        sets the tasks, each with weight 1. If the balance has parameters of its own, call :meth:`setup` before creating the
        optimiser; call it also before loading a checkpoint into the balance.

        Args:
            terms: ``<task>/<name>`` or ``<task>`` -> (), the tasks' terms: this rank's share of the global mean times the
                number of ranks. This equals the mean over the rank's own batch if all ranks have the same number of samples.
            extra: the distiller's terms, by name.
            extra_weights: the weight of each of ``extra``.
            taps: the taps of the student, at which gradients may be taken.
            present: task -> (B,) bool, which samples are labelled; None: all. The terms of a task without labelled samples
                are not read.
            parts: the terms of each of :attr:`parts` mini-batches.
            at: the feature on which all losses depend, instead of ``taps``, for balances that weigh gradients with
                ``level='tap'``.

        Returns:
            () float32.

        Raises:
            ValueError: a required event (such as the end of an epoch) was not reported to the method, its trained parameters
                were created too late, or a task is not among those of :meth:`setup`.
        """
        extra, extra_weights = extra or {}, extra_weights or {}
        taps = self._places(at) if taps is None else taps
        if not self.names:
            self._set_up_for(terms)
        unknown = [name for name in terms if name.split('/')[0] not in self.names]
        if unknown:
            raise ValueError(f"balance: '{unknown[0]}' belongs to a task that {type(self).__name__} was not set up for; it "
                             f"balances {', '.join(self.names)}. Call setup with all tasks; a task without a loss in a step "
                             f'may be omitted from that step.')
        deaf = sorted(self.hears - {'seed'})
        if deaf and not self._begun:
            raise ValueError(f"balance: {type(self).__name__} must be informed of {' and '.join(deaf)}; add "
                             f"balance=dict(type='BalanceHook') to default_hooks. In your own training loop, call "
                             f'begin(seed), then progress(done), end_epoch() or validated(metrics).')
        losses, apart = self.sort_terms(terms, extra, extra_weights, taps, present)
        learning = torch.is_grad_enabled() or not self.reads_values
        if not learning:
            total = torch.stack(losses).sum()
        else:
            split = [self.sort_terms(part, {}, {}, taps, present)[0] for part in parts]
            total = self.total(losses, taps, not apart, split)
        return total + torch.stack(apart).sum() if apart else total

    def _places(self, at: Tensor | None) -> Mapping[str, Tensor]:
        """The taps for a custom training loop, which passes one feature or none."""
        return {}

    def _set_up_for(self, terms: Mapping[str, Tensor]) -> None:
        """Call :meth:`setup` with the tasks of the first call."""
        tasks = dict.fromkeys((name.split('/')[0] for name in terms), 1.0)
        self.setup(tasks)
        if any(True for _ in self.parameters()):
            self.names = ()
            raise ValueError(f'balance: {type(self).__name__} has trainable parameters: call setup({tasks}) before you '
                             f'create the optimiser, and pass balance.parameters() to it as well.')
        self.to(next(iter(terms.values())).device)

    def see(self, losses: Sequence[Tensor]) -> Seen:
        """Reduce the losses over all ranks."""
        values = torch.stack([loss.detach().float() for loss in losses])
        if world_size() > 1:
            dist.all_reduce(values)
            values /= world_size()
        return Seen(values, values != 0)

    def joins(self, name: str, term: Tensor, taps: Mapping[str, Tensor]) -> bool:
        """Whether a distillation term is added to the loss of its task and balanced with it."""
        return self.include == 'all' and name.split('/')[0] in self.names

    def apart(self, name: str, term: Tensor) -> Tensor:
        """The contribution to the total of a weighted distillation term that is not balanced."""
        return term

    def sort_terms(self, terms: Mapping[str, Tensor], extra: Mapping[str, Tensor], extra_weights: Mapping[str, float],
                   taps: Mapping[str, Tensor],
                   present: Mapping[str, Tensor] | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """One loss per task, in the order of :attr:`names`, and the terms added to the total (:meth:`forward`)."""
        device = next(iter(terms.values())).device
        losses = {name: torch.zeros((), device=device) for name in self.names}
        for name, term in terms.items():
            task = name.split('/')[0]
            if self.reads_values and present is not None and task in present:
                term = torch.where(present[task].any(), term, torch.zeros_like(term))
            losses[task] = losses[task] + self.weights[task] * term
        apart = []
        for name, term in extra.items():
            weighted = extra_weights[name] * term
            if self.joins(name, term, taps):
                losses[name.split('/')[0]] = losses[name.split('/')[0]] + weighted
            else:
                apart.append(self.apart(name, weighted))
        return [losses[name] for name in self.names], apart

    def extra_repr(self) -> str:
        """Level, parameters that are affected by the weights, and cost."""
        return f"include='{self.include}', level='{self.level}', heads='{self.heads}', {self.cost}"
