"""Base class of probability views, which convert a task's output to the distribution compared in distillation."""

import torch
from torch import Tensor

BOTH = frozenset({'inter', 'intra'})


class ProbView:
    """Converts a head's output to non-negative values over K channels.

    Most views are a softmax of *scores*, so a view defines only these; they are divided by the temperature. Everything is
    computed in fp32 with autocast disabled.

    Attributes:
        normalised: whether the K values at a position sum to 1, as Kullback-Leibler terms require.
        scope: the terms for which the view is meaningful: ``'inter'`` compares the K values at a position, ``'intra'`` one
            channel's map over all positions.

    Source: KDAM does not specify the probability of a regression task; fact sheet 1.1.3 lists the choices.
    """

    normalised: bool = True
    scope: frozenset[str] = BOTH

    def scores(self, out: Tensor) -> Tensor:
        """The scores, whose softmax over axis 1 is the distribution.

        Args:
            out: (B, C, h, w) or (B, C) float32, the head's output.

        Returns:
            (B, K, h, w) or (B, K) float32.
        """
        raise TypeError(f'{type(self).__name__} has no scores')

    def __call__(self, out: Tensor, tau: float = 1.0) -> Tensor | None:
        """The distribution at temperature ``tau``: (B, K, h, w) float32, or None if the task is skipped."""
        with torch.autocast(out.device.type, enabled=False):
            return torch.softmax(self.scores(out.float()) / tau, dim=1)

    def log_probs(self, out: Tensor, tau: float = 1.0) -> Tensor | None:
        """The logarithm of the distribution, finite where the distribution itself underflows."""
        with torch.autocast(out.device.type, enabled=False):
            return torch.log_softmax(self.scores(out.float()) / tau, dim=1)


def check_channels(view: str, out: Tensor, allowed: bool, instead: str) -> None:
    """Raise ValueError if a view does not support the number of channels."""
    if not allowed:
        raise ValueError(f"Probability view '{view}' does not fit an output of {out.shape[1]} channel(s): {instead}.")
