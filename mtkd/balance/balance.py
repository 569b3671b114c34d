"""What every balance is: task losses in, one number out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..structures import world_size


@dataclass(frozen=True)
class Seen:
    """What a step shows of the tasks' losses, the same on every rank and without a graph.

    Attributes:
        values: (T,) float32, the losses over all ranks.
        active: (T,) bool, whether anything counted in a task's loss on any rank. A loss of exactly 0 is what
            :func:`~mtkd.structures.reduce.global_ratio` gives where no label, or no valid pixel, was there.
    """

    values: Tensor
    active: Tensor


class Balance(nn.Module):
    """Turns the tasks' losses into the total that is differentiated.

    A balance sees one loss a task: the sum of the task's terms, times its fixed weight. Terms of a distiller keep their
    own weights and are added to the total, unless ``include='all'`` puts each into its task's loss. A task that nothing
    in the batch of any rank is labelled for is taken out of the step: it gets weight 0 and no statistic is updated.

    Where no gradient is recorded (a loss looked at in validation), the total is the plain sum and nothing is updated.

    Args:
        include: ``'tasks'`` or ``'all'``: what the balance weighs.

    Attributes:
        needs_gram: whether the method reads the Gramian of the tasks' gradients.
        level: where those gradients are taken; ``'loss'`` where none are.
        heads: whether what belongs to one task feels its weight, ``'weighted'``, or learns from the ``'plain'`` loss.
        min_tasks: the least number of tasks that makes sense.
        reads_values: whether :meth:`combine` is given a :class:`Seen`, which costs the ranks a message of T numbers.
        hears: what the method must be told by the engine's BalanceHook: ``'seed'``, ``'progress'``, ``'epoch'``,
            ``'validation'``, ``'stepped'``.
        parts: into how many independent mini-batches the model splits each batch; the losses of each are given to
            :meth:`total` beside those of the whole.
        names: the tasks, in the order of the vectors.
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
        """Keep a buffer ``step``, for methods that draw or act every so many steps; to be called in ``__init__``."""
        self.keep_count('step')

    def keep_count(self, name: str) -> None:
        """Keep a buffer of that name that counts from 0, and its value on the host, so that reading it waits for nothing."""
        self.register_buffer(name, torch.zeros((), dtype=torch.int64))
        self._counts[name] = 0

    def counted(self, name: str) -> int:
        """Where a count stands."""
        return self._counts[name]

    def advance(self, name: str) -> int:
        """Add 1 to a count; returns what it was."""
        self._counts[name] += 1
        getattr(self, name).add_(1)
        return self._counts[name] - 1

    def next_step(self) -> int:
        """The number of this step, from 0; the next call gives the next one."""
        return self.advance('step')

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        for name in self._counts:
            if prefix + name in state_dict:
                self._counts[name] = int(state_dict[prefix + name])

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """Learn what there is to balance; called once, at build time.

        Args:
            weights: task -> the fixed weight λ_n it is configured with.
            net: the network, for methods that take gradients.
            extra: the names of the distiller's terms; None where they are not known.

        Raises:
            ValueError: the method cannot balance these.
        """
        if len(weights) < self.min_tasks:
            raise ValueError(f"balance: {type(self).__name__} balances two or more tasks and the only one is "
                             f"{', '.join(weights) or 'none'}; use dict(type='WeightedSum').")
        self.names = tuple(weights)
        self.weights = dict(weights)

    def extra_passes(self, num_tasks: int) -> int:
        """Backward passes through the trunk beyond the one of a plain sum."""
        return 0

    @property
    def cost(self) -> str:
        """:meth:`extra_passes` in words."""
        return 'no extra backward pass'

    def begin(self, seed: int = 0) -> None:
        """A run begins, or goes on after a stop; methods that draw and have no seed of their own take the run's."""
        self._begun = True

    def progress(self, done: float) -> None:
        """Told before each step: the part of the training that is done, 0 to 1."""

    def end_epoch(self) -> None:
        """Told after the last step of an epoch."""

    def validated(self, metrics: Mapping[str, float]) -> None:
        """Told after a validation: ``<task>/<metric>`` -> value."""

    def stepped(self, losses: Sequence[Tensor]) -> None:
        """Told after the optimiser's step: the tasks' losses on the same batch, without graphs."""

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) task losses with their graphs -> () total."""
        return losses.sum()

    def total(self, losses: Sequence[Tensor], taps: Mapping[str, Tensor], alone: bool = False,
              parts: Sequence[Sequence[Tensor]] = ()) -> Tensor:
        """The total of the tasks, in training.

        Args:
            losses: T ().
            taps: the student's.
            alone: whether nothing is added to this total, so that no other gradient will be asked of the graph.
            parts: the T losses of each of :attr:`parts` mini-batches; empty where that is 1.
        """
        return self.combine(torch.stack(list(losses)), self.see(losses) if self.reads_values else None)

    def forward(self, terms: Mapping[str, Tensor], extra: Mapping[str, Tensor] | None = None,
                extra_weights: Mapping[str, float] | None = None, taps: Mapping[str, Tensor] | None = None,
                present: Mapping[str, Tensor] | None = None, parts: Sequence[Mapping[str, Tensor]] = (), *,
                at: Tensor | None = None) -> Tensor:
        """The total loss, ready for ``backward()``.

        In a loop of your own, ``balance({'depth': loss_1, 'semseg': loss_2}, at=feature)`` is enough: the first call settles
        the tasks, each with weight 1. Call :meth:`setup` before the optimiser is made where the balance itself is trained,
        and before a checkpoint is loaded into it.

        Args:
            terms: ``<task>/<name>`` or ``<task>`` -> (), the tasks' terms: this rank's share times the number of ranks,
                which the mean over a rank's own batch is where ranks have as many samples each.
            extra: the distiller's terms, by name.
            extra_weights: the weight of each of ``extra``.
            taps: the student's taps, where gradients may be taken.
            present: task -> (B,) bool, which samples are labelled; None: all. The terms of a task without any are not
                read.
            parts: the terms of each of :attr:`parts` mini-batches.
            at: the feature that all losses pass, in place of ``taps``, for balances that weigh gradients with
                ``level='tap'``.

        Returns:
            () float32.

        Raises:
            ValueError: the method has to be told of epochs or the like and was not, or of parameters it trains; a task that
                it was not set up for.
        """
        extra, extra_weights = extra or {}, extra_weights or {}
        taps = self._places(at) if taps is None else taps
        if not self.names:
            self._set_up_for(terms)
        unknown = [name for name in terms if name.split('/')[0] not in self.names]
        if unknown:
            raise ValueError(f"balance: '{unknown[0]}' is of a task that {type(self).__name__} was not set up for; it "
                             f"balances {', '.join(self.names)}. Call setup with all tasks; one that a step has nothing for "
                             f'may be left out of that step.')
        deaf = sorted(self.hears - {'seed'})
        if deaf and not self._begun:
            raise ValueError(f"balance: {type(self).__name__} has to be told of {' and '.join(deaf)}; add "
                             f"balance=dict(type='BalanceHook') to default_hooks. In a loop of your own call begin(seed), "
                             f'then progress(share), end_epoch() or validated(metrics).')
        losses, apart = self.sort_terms(terms, extra, extra_weights, taps, present)
        learning = torch.is_grad_enabled() or not self.reads_values
        if not learning:
            total = torch.stack(losses).sum()
        else:
            split = [self.sort_terms(part, {}, {}, taps, present)[0] for part in parts]
            total = self.total(losses, taps, not apart, split)
        return total + torch.stack(apart).sum() if apart else total

    def _places(self, at: Tensor | None) -> Mapping[str, Tensor]:
        """The taps, where a loop of one's own names one feature or none."""
        return {}

    def _set_up_for(self, terms: Mapping[str, Tensor]) -> None:
        """:meth:`setup` with the tasks of the first call."""
        tasks = dict.fromkeys((name.split('/')[0] for name in terms), 1.0)
        self.setup(tasks)
        if any(True for _ in self.parameters()):
            self.names = ()
            raise ValueError(f'balance: {type(self).__name__} trains parameters of its own: call setup({tasks}) before the '
                             f'optimiser is made, and give it balance.parameters() as well.')
        self.to(next(iter(terms.values())).device)

    def see(self, losses: Sequence[Tensor]) -> Seen:
        """The losses over all ranks."""
        values = torch.stack([loss.detach().float() for loss in losses])
        if world_size() > 1:
            dist.all_reduce(values)
            values /= world_size()
        return Seen(values, values != 0)

    def joins(self, name: str, term: Tensor, taps: Mapping[str, Tensor]) -> bool:
        """Whether a distillation term goes into its task's loss, and is balanced with it."""
        return self.include == 'all' and name.split('/')[0] in self.names

    def apart(self, name: str, term: Tensor) -> Tensor:
        """What a weighted distillation term that stays apart adds to the total."""
        return term

    def sort_terms(self, terms: Mapping[str, Tensor], extra: Mapping[str, Tensor], extra_weights: Mapping[str, float],
                   taps: Mapping[str, Tensor],
                   present: Mapping[str, Tensor] | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """One loss a task, in the order of :attr:`names`, and what is added to the total beside them (:meth:`forward`)."""
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
        """Level, who feels the weights, and cost."""
        return f"include='{self.include}', level='{self.level}', heads='{self.heads}', {self.cost}"
