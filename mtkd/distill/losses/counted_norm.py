"""Masked batch normalisation with statistics over all ranks."""

import torch
from torch import Tensor, nn

from ...structures import synced_sum


class CountedNorm(nn.BatchNorm2d):
    """``nn.BatchNorm2d`` with a mask, whose statistics are those of the whole batch on all ranks.

    Its parameters and buffers are those of ``nn.BatchNorm2d``; without a mask and on one rank, its output is also the same.
    Without valid pixels, the running statistics are unchanged.
    """

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """(B, C, h, w), mask (B, h, w) bool or None -> (B, C, h, w); masked pixels are normalised like the others."""
        if not self.training:
            return self._scaled(x, self.running_mean, self.running_var)
        shown = x if mask is None else x.masked_fill(~mask[:, None], 0.0)
        own = x.new_full((), x.numel() // x.shape[1]) if mask is None else mask.sum().to(x.dtype)
        sums = synced_sum(torch.cat([shown.sum((0, 2, 3)), own[None]]))
        count = sums[-1].detach()
        mean = sums[:-1] / count.clamp_min(1)
        centred = x - mean[:, None, None]
        centred = centred if mask is None else centred.masked_fill(~mask[:, None], 0.0)
        var = synced_sum(centred.square().sum((0, 2, 3))) / count.clamp_min(1)
        self._remember(mean.detach(), var.detach(), count)
        return self._scaled(x, mean, var)

    def _scaled(self, x: Tensor, mean: Tensor | None, var: Tensor | None) -> Tensor:
        assert mean is not None and var is not None
        scale = self.weight * (var + self.eps).rsqrt()
        return x * scale[:, None, None] + (self.bias - mean * scale)[:, None, None]

    @torch.no_grad()
    def _remember(self, mean: Tensor, var: Tensor, count: Tensor) -> None:
        """Update the running statistics with the momentum, in place."""
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        share = self.momentum * (count > 0)
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share.to(self.running_mean.dtype))
        self.running_var.lerp_((var * count / (count - 1).clamp_min(1)).to(self.running_var.dtype),
                               share.to(self.running_var.dtype))
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += 1
