"""Mamba's selective scan in pure PyTorch, over maps in four directions."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .context import full_precision


def selective_scan(given: Tensor, step: Tensor, decay: Tensor, write: Tensor, read: Tensor, skip: Tensor,
                   chunk: int = 64) -> Tensor:
    """Run h <- exp(step decay) h + step write given along a sequence, and return <read, h> + skip given at every position.

    Within a chunk the recurrence is solved by doubling, in log2(chunk) steps that multiply only factors of at most 1; chunks
    are processed in sequence. The largest tensors are those of one chunk, but those of all chunks are kept for the backward
    pass.

    Source: Gu and Dao 2023 (Mamba), algorithm 2; ``selective_scan_ref`` of state-spaces/mamba. The order of summation
    differs.

    Args:
        given: (B, K, D, L), D sequences in each of K directions.
        step: (B, K, D, L), positive.
        decay: (K, D, N), negative, of each of N states.
        write: (B, K, N, L).
        read: (B, K, N, L).
        skip: (K, D).
        chunk: length of a chunk.

    Returns:
        (B, K, D, L).
    """
    state = given.new_zeros((*given.shape[:3], decay.shape[-1]))
    made = []
    for start in range(0, given.shape[-1], chunk):
        part = slice(start, start + chunk)
        time = step[..., part, None]
        kept = (time * decay[None, :, :, None]).exp()  # (B, K, D, c, N)
        held = time * given[..., part, None] * write[..., part].mT.unsqueeze(2)
        ahead = 1
        while ahead < kept.shape[3]:
            late = kept[:, :, :, ahead:]
            held = torch.cat((held[:, :, :, :ahead], held[:, :, :, ahead:] + late * held[:, :, :, :-ahead]), 3)
            kept = torch.cat((kept[:, :, :, :ahead], late * kept[:, :, :, :-ahead]), 3)
            ahead *= 2
        held = held + kept * state.unsqueeze(3)
        state = held[:, :, :, -1]
        made.append(torch.einsum('bkdcn,bknc->bkdc', held, read[..., part]))
    return torch.cat(made, -1) + skip[..., None] * given


class Scan2D(nn.Module):
    """Selective scans of a map by rows and by columns, forwards and backwards, summed; then layer norm.

    Each direction has its own step, write and read, computed from the feature by linear layers.

    Source: Liu et al. 2024 (VMamba), 2D-selective-scan, as in EnVision-Research/MTMamba (a0b4f0b). Difference: computed in
    float32 or higher precision.

    Args:
        channels: D, the number of channels.
        states: N, the number of states per channel.
        rank: rank of the projection of the steps.
    """

    def __init__(self, channels: int, states: int, rank: int) -> None:
        super().__init__()
        self.rank, self.states = rank, states
        bound = channels ** -0.5
        self.project = nn.Parameter(torch.empty(4, rank + 2 * states, channels).uniform_(-bound, bound))
        self.step = nn.Parameter(torch.empty(4, channels, rank).uniform_(-rank ** -0.5, rank ** -0.5))
        steps = torch.exp(torch.rand(4, channels) * (math.log(0.1) - math.log(0.001)) + math.log(0.001)).clamp_min(1e-4)
        self.step_bias = nn.Parameter(steps + torch.log(-torch.expm1(-steps)))  # its softplus is between .001 and .1
        self.decay = nn.Parameter(torch.arange(1.0, states + 1).log().repeat(4, channels, 1))
        self.skip = nn.Parameter(torch.ones(4, channels))
        self.norm = nn.LayerNorm(channels)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, D, h, w) -> (B, h, w, D)."""
        height, width = feature.shape[-2:]
        with full_precision(feature):
            fine = feature.to(torch.promote_types(feature.dtype, torch.float32))
            forwards = torch.stack((fine.flatten(2), fine.mT.flatten(2)), 1)
            ways = torch.cat((forwards, forwards.flip(-1)), 1)  # (B, 4, D, h w)
            step, write, read = torch.einsum('bkdl,kcd->bkcl', ways, self.project).split(
                (self.rank, self.states, self.states), 2)
            step = F.softplus(torch.einsum('bkrl,kdr->bkdl', step, self.step) + self.step_bias[..., None])
            scanned = selective_scan(ways, step, -self.decay.exp(), write, read, self.skip)
            rows, columns = (scanned[:, :2] + scanned[:, 2:].flip(-1)).unbind(1)
            together = rows.unflatten(2, (height, width)) + columns.unflatten(2, (width, height)).mT
            normed = self.norm(together.movedim(1, -1))
        return normed.to(feature.dtype)


class ScanLayer(nn.Module):
    """Linear, depthwise 3x3 convolution, SiLU, :class:`Scan2D`.

    Args:
        in_channels: number of input channels.
        channels: number of output channels.
        states: see :class:`Scan2D`.
        rank: see :class:`Scan2D`.
    """

    def __init__(self, in_channels: int, channels: int, states: int, rank: int) -> None:
        super().__init__()
        self.widen = nn.Linear(in_channels, channels, bias=False)
        self.near = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.scan = Scan2D(channels, states, rank)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, h, w, in_channels) -> (B, h, w, channels)."""
        return self.scan(F.silu(self.near(self.widen(feature).movedim(-1, 1))))
