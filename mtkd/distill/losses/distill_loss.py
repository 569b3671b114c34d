"""Base class of distillation losses, which compute named terms from views of student and teachers and a mask."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ...structures import PerSample, Size, global_ratio
from ...tasks.prob_views import Softmax
from ..masks import at_size

Terms = Mapping[str, PerSample | Tensor]


@dataclass(frozen=True)
class Method:
    """A method's row in ``docs/catalogue.md``.

    Attributes:
        title: its common name.
        source: authors and year.
        level: the compared quantities: ``'outputs'``, ``'features'``, ``'levels'`` (several features), ``'teachers'``,
            ``'self'`` or ``'online'``.
        fits: the supported tasks: ``'any'``, ``'classes'`` (a distribution over classes), ``'dense'`` (maps), ``'vectors'``
            (one label per image), ``'regression'``.
        options: constructor arguments for the table and the shared tests.
        note: one phrase on its cost or assumptions; equations as LaTeX between dollars.
        state: what it keeps between steps, in words, if the loss has no number for it.
        parameters: what it trains, in words.
        cost: additional work of a step, in words.
    """

    title: str
    source: str
    level: str
    fits: str = 'any'
    options: Mapping[str, Any] | None = None
    note: str = ''
    state: str = ''
    parameters: str = ''
    cost: str = ''


class DistillLoss(nn.Module):
    """Compares a student with a teacher, or with several.

    Subclasses implement :meth:`compare`. It runs in float32 (or float64) with autocast disabled, and the teacher is
    detached. Everything else is optional:

    * trained parameters, on either side: build them in :meth:`setup`, which receives the channels;
    * state: buffers. Update them in place and only ``if self.training``, from values that are equal on all ranks
      (:func:`~mtkd.structures.all_sum`, :func:`~mtkd.structures.all_rows`);
    * pairs of samples: :func:`~mtkd.structures.all_rows` gives the rows of all ranks, with the right gradient;
    * several taps or several teachers: name the side in ``several``;
    * the task's labels, the progress of training, the number of each sample: name them in ``asks``.

    Attributes:
        reads: content of the views: ``'probs'`` (a task's probability view), ``'log_probs'`` (its logarithm) or ``'tap'``
            (the tensors themselves).
        tau: temperature of the probability view.
        terms: the names of the terms, known before any forward.
        directions: the direction of a term's comparison, which the probability view must support: ``'inter'``,
            the classes of one pixel, or ``'intra'``, one class over all pixels.
        needs_distribution: whether the classes of a pixel must sum to 1.
        needs_teacher: whether there is a teacher; without one, :meth:`compare` receives None (an empty tuple).
        same_channels: whether the two views need the same number of channels.
        same_size: whether the two views need the same height and width; a link then resizes one of them.
        spatial: whether :meth:`compare` receives maps (B, C, h, w) and masks (B, h, w) instead of rows (B, C, N), (B, N).
        several: the sides, ``'student'`` and ``'teacher'``, of which a link may name several taps. Such a side is always a
            tuple of tensors; with ``'student'``, the mask is also a tuple.
        asks: names of additional inputs, which :meth:`compare` receives as keyword arguments; see
            :mod:`mtkd.distill.context`.
        method: the row in the catalogue.
    """

    reads = 'tap'
    tau = 1.0
    terms: tuple[str, ...]
    directions: Mapping[str, str] = {}
    needs_distribution = False
    needs_teacher = True
    same_channels = True
    same_size = True
    spatial = False
    several: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    method: Method | None = None

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """Build the parts that depend on the number of channels; called once, before the first forward and loading a
        checkpoint.

        Args:
            student: channels of each of the student's taps, behind a link's projector.
            teacher: channels of each of the teachers' taps.
        """

    def inspect(self, networks: Sequence[nn.Module]) -> None:
        """Read data from the teachers' networks, one per teacher tap; called after :meth:`setup`.

        Data that is read here (statistics of a layer) must not become a trained parameter.
        """

    def meet(self, student: nn.Module, teachers: Sequence[nn.Module]) -> None:
        """Read or change the student's network, given those of the teachers (one per tap); called once at build time."""

    def forward(self, student: Tensor | Sequence[Tensor], teacher: Tensor | Sequence[Tensor] | None = None,
                mask: Tensor | Sequence[Tensor | None] | None = None, **asked: Any) -> Terms:
        """The terms.

        Args:
            student: (B, C, h, w), or (B, C) for an image-level task; a sequence of them if specified by ``several``.
            teacher: likewise.
            mask: (B, h, w) bool, or (B,), at the student's size; True for elements to use. None: all.
            **asked: the inputs named by ``asks``.

        Returns:
            term -> (sum (B,), count (B,)), or () for a term of the whole batch, which is then already reduced over ranks. 0
            with a zero gradient if there are no valid elements.

        Raises:
            TypeError: an input that ``asks`` names is missing.
        """
        missing = [name for name in self.asks if name not in asked]
        if missing:
            raise TypeError(f"{type(self).__name__} also needs {', '.join(self.asks)}; pass {missing[0]}=... to it.")
        shaped = maps if self.spatial else rows
        flat = _same if self.spatial else _flat
        device = (student if isinstance(student, Tensor) else student[0]).device
        with torch.autocast(device.type, enabled=False):
            return self.compare(_each(shaped, student), _each(lambda view: shaped(view.detach()), teacher),
                                _each(flat, mask), **{name: asked[name] for name in self.asks})

    def scalar(self, student: Tensor | Sequence[Tensor], teacher: Tensor | Sequence[Tensor] | None = None,
               mask: Any = None, logits: bool = False, **asked: Any) -> Tensor:
        """The sum of the terms as a differentiable scalar, for your own training loop.

        A term is the mean over all valid elements of all ranks: under DDP, each rank gets its share times the number of
        ranks, so that the averaged gradient is that of the whole batch.

        Args:
            student: as in :meth:`forward`. The content depends on :attr:`reads`: features, probabilities, or logarithms of
                probabilities.
            teacher: the same.
            mask: see :meth:`forward`.
            logits: both sides are class scores, (B, K) or (B, K, h, w), whose softmax at the loss's temperature is computed
                if the loss uses probabilities.
            **asked: the inputs named by :attr:`asks`.

        Returns:
            () float32, with a graph.

        Raises:
            ValueError: ``logits`` is set, but the loss uses features.
        """
        return total(self(self._views(student, logits), self._views(teacher, logits), mask, **asked))

    def per_sample(self, student: Tensor | Sequence[Tensor], teacher: Tensor | Sequence[Tensor] | None = None,
                   mask: Any = None, logits: bool = False, **asked: Any) -> Tensor:
        """Like :meth:`scalar`, but per sample: (B,) float32, 0 for a sample without valid elements.

        Raises:
            ValueError: a term compares the samples of a batch with each other, so it has no value for a single one.
        """
        terms = self(self._views(student, logits), self._views(teacher, logits), mask, **asked)
        means = []
        for name, value in terms.items():
            if isinstance(value, Tensor):
                raise ValueError(f"{type(self).__name__}: its term '{name}' is defined on the whole batch and has no value "
                                 f'per sample; remove the term, or use scalar().')
            sums, counts = value
            means.append(sums.float() / counts.detach().float().clamp_min(torch.finfo(torch.float32).tiny))
        return torch.stack(means).sum(0)

    def _views(self, views: Any, logits: bool) -> Any:
        if not logits:
            return views
        if self.reads == 'tap':
            raise ValueError(f'{type(self).__name__} compares features or outputs, not probabilities; remove logits.')
        view = Softmax()
        read = view if self.reads == 'probs' else view.log_probs
        return _each(lambda part: read(part, self.tau), views)

    if TYPE_CHECKING:
        compare: Callable[..., Terms]  # signatures differ in the views and inputs
    else:
        def compare(self, student: Any, teacher: Any, mask: Any, **asked: Any) -> Terms:
            """The terms of (B, C, N) float views with an optional (B, N) mask; N is the number of pixels.

            (B, C, h, w) and (B, h, w) with ``spatial``; tuples with ``several``.
            """
            raise TypeError(f'{type(self).__name__} does not implement compare')


def total(terms: Terms, weights: Mapping[str, float] | None = None) -> Tensor:
    """Σ weight · term: the output of a loss as a differentiable scalar.

    Args:
        terms: output of :meth:`DistillLoss.forward`.
        weights: term -> its factor; 1 by default.

    Returns:
        () float32; a per-sample term is reduced to Σ sum / Σ count over the batch and all ranks
        (:func:`~mtkd.structures.reduce.global_ratio`).
    """
    known = weights or {}
    values = [known.get(name, 1.0) * (global_ratio(*value) if isinstance(value, tuple) else value.float())
              for name, value in terms.items()]
    return torch.stack(values).sum()


def _each(function: Callable[[Tensor], Tensor], views: Any) -> Any:
    """Apply ``function`` to a tensor or to each tensor of a sequence; None stays None."""
    if views is None or isinstance(views, Tensor):
        return None if views is None else function(views)
    return tuple(None if view is None else function(view) for view in views)


def _same(mask: Tensor) -> Tensor:
    return mask if mask.ndim > 1 else mask[:, None, None]


def _flat(mask: Tensor) -> Tensor:
    return mask.reshape(len(mask), -1)


def as_float(view: Tensor) -> Tensor:
    """Convert to float32; float64 is unchanged."""
    return view if view.dtype == torch.float64 else view.float()


def rows(view: Tensor) -> Tensor:
    """(B, C, h, w) or (B, C) -> (B, C, N) float32 (or float64)."""
    full = as_float(view)
    return full.flatten(2) if full.ndim > 2 else full[:, :, None]


def maps(view: Tensor) -> Tensor:
    """(B, C, h, w) or (B, C) -> (B, C, h, w) float32 (or float64); a vector is a map of one pixel."""
    full = as_float(view)
    return full if full.ndim > 2 else full[:, :, None, None]


def masked(view: Tensor, mask: Tensor | None) -> Tensor:
    """(B, C, …) with 0 where the (B, …) mask is False, without gradient there."""
    return view if mask is None else view.masked_fill(~mask[:, None], 0.0)


def per_pixel(values: Tensor, mask: Tensor | None) -> PerSample:
    """One value per pixel (B, N) -> its sum and count per sample over the valid pixels."""
    if mask is None:
        return values.sum(1), torch.full_like(values[:, 0], values.shape[1])
    return values.masked_fill(~mask, 0.0).sum(1), mask.sum(1)


def per_sample(values: Tensor, mask: Tensor | None) -> PerSample:
    """One value per sample (B,) -> itself and 1, or 0 and 0 for a sample without valid pixels."""
    if mask is None:
        return values, torch.ones_like(values)
    counts = mask.flatten(1).any(1)
    return values.masked_fill(~counts, 0.0), counts


def counted_samples(view: Tensor, mask: Tensor | None) -> Tensor:
    """(B,) bool: the samples with valid elements."""
    return torch.ones(len(view), dtype=torch.bool, device=view.device) if mask is None else mask.flatten(1).any(1)


def mask_at(mask: Tensor | None, size: Size) -> Tensor | None:
    """A (B, h, w) mask at another size: the values at the centres of its pixels; None stays None."""
    return mask if mask is None or tuple(mask.shape[1:]) == size else at_size(mask, size)
