"""Dropout for heads that may run on only some samples of a batch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """``nn.Dropout`` with a mask that does not depend on which samples of the batch are processed.

    A network that runs a head on some rows of a batch sets these rows with :meth:`of`. The mask is then sampled for the
    whole batch and indexed by the rows, so that skipping samples changes neither the other samples nor later random numbers.
    """

    row_aware = True
    _rows: tuple[Tensor, int] | None = None

    @property
    def selects(self) -> bool:
        """Whether the next inputs are some samples of a batch."""
        return self._rows is not None

    def of(self, rows: Tensor | None, batch: int = 0) -> None:
        """Set the samples of the next inputs: (R,) int64 indices into a batch of size ``batch``; None: all."""
        self._rows = None if rows is None else (rows, batch)

    def forward(self, feature: Tensor) -> Tensor:
        """(R, ...) -> the same with elements set to zero in training."""
        if not self.training or self._rows is None or not self.p:
            return super().forward(feature)
        rows, batch = self._rows
        return feature * self._kept(feature, batch).index_select(0, rows)

    def _kept(self, feature: Tensor, batch: int) -> Tensor:
        """(batch, ...) of 0 and 1 / (1 - p)."""
        return F.dropout(torch.ones(batch, *feature.shape[1:], dtype=feature.dtype, device=feature.device), self.p, True)


class Dropout2d(Dropout):
    """Same for ``nn.Dropout2d``: whole channels of a sample are set to zero."""

    def forward(self, feature: Tensor) -> Tensor:
        """(R, C, h, w) -> the same with channels set to zero in training."""
        if not self.training or self._rows is None or not self.p:
            return F.dropout2d(feature, self.p, self.training)
        return super().forward(feature)

    def _kept(self, feature: Tensor, batch: int) -> Tensor:
        ones = torch.ones(batch, feature.shape[1], 1, 1, dtype=feature.dtype, device=feature.device)
        return F.dropout2d(ones, self.p, True)
