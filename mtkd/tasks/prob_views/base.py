"""Base class of probability views, which convert a task's output to the distribution compared in distillation."""

import torch
from torch import Tensor

BOTH = frozenset({'inter', 'intra'})


class ProbView:
    """A head's output as non-negative values over K channels.

    Most views are a softmax of *scores*, so a view defines only these; the temperature divides them. Everything is
    computed in fp32 with autocast disabled.

    Attributes:
        normalised: whether the K values of a place sum to 1, which a Kullback-Leibler term needs.
        scope: the terms the view has a meaning for: ``'inter'`` compares the K values of a place, ``'intra'`` one
            channel's map over all places.

    Source: KDAM leaves open what the probability of a regression task is; fact sheet 1.1.3 names the choices.
    """

    normalised: bool = True
    scope: frozenset[str] = BOTH

    def scores(self, out: Tensor) -> Tensor:
        """The values that a softmax over axis 1 turns into the distribution.

        Args:
            out: (B, C, h, w) or (B, C) float32, the head's output.

        Returns:
            (B, K, h, w) or (B, K) float32.
        """
        raise TypeError(f'{type(self).__name__} has no scores')

    def __call__(self, out: Tensor, tau: float = 1.0) -> Tensor | None:
        """The distribution at temperature ``tau``: (B, K, h, w) float32, or None if a task is to be skipped."""
        with torch.autocast(out.device.type, enabled=False):
            return torch.softmax(self.scores(out.float()) / tau, dim=1)

    def log_probs(self, out: Tensor, tau: float = 1.0) -> Tensor | None:
        """The logarithm of the distribution, finite where the distribution itself underflows."""
        with torch.autocast(out.device.type, enabled=False):
            return torch.log_softmax(self.scores(out.float()) / tau, dim=1)


def check_channels(view: str, out: Tensor, allowed: bool, instead: str) -> None:
    """Raise ValueError where a view does not fit the number of channels."""
    if not allowed:
        raise ValueError(f"Probability view '{view}' does not fit an output of {out.shape[1]} channel(s): {instead}.")
