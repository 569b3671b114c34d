"""SAK's parts: adapters that keep a teacher's view beside a shared transformer, routers that mix the views for a task."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def init_linear(module: nn.Module) -> None:
    """Weights of linear layers from a truncated normal distribution of .02, biases 0; for ``Module.apply``."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)


class Adapter(nn.Module):
    """x + s W₂ GELU(W₁ x), s a trained number that begins at 1.

    Args:
        channels: of x.
        down: how many times narrower W₁ makes it.
    """

    def __init__(self, channels: int, down: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels, channels // down)
        self.widen = nn.Linear(channels // down, channels)
        self.scale = nn.Parameter(torch.ones(1))
        self.apply(init_linear)

    def forward(self, tokens: Tensor) -> Tensor:
        """(…, C) -> the same."""
        return tokens + self.scale * self.widen(F.gelu(self.narrow(tokens)))


class AdapterPath(nn.Module):
    """One teacher's path beside a transformer: an adapter after the embedding and after every block.

    Source: Lu, Cao and Wang 2025 (SAK), section 4.2; innovator-zero/SAK c468ae9, ``models/backbones/sak.py``.

    Args:
        channels: of the transformer.
        blocks: how many.
        layers: after which of them the path is read.
        down: see :class:`Adapter`.
    """

    def __init__(self, channels: int, blocks: int, layers: Sequence[int], down: int) -> None:
        super().__init__()
        self.first = Adapter(channels, down)
        self.adapters = nn.ModuleList(Adapter(channels, down) for _ in range(blocks))
        self.norms = nn.ModuleDict({str(i): nn.LayerNorm(channels) for i in layers})

    def step(self, i: int, path: Tensor, tokens: Tensor) -> Tensor:
        """The path behind block i, from the one before it and what the block gave, (B, N, C)."""
        return self.adapters[i](path + tokens)

    def read(self, i: int, path: Tensor) -> Tensor:
        """What is read of it behind block i."""
        return self.norms[str(i)](path)


class RepresentationRouter(nn.Module):
    """A sample's mixture of the transformer's feature and of each teacher's path, softmax-weighted by a small network.

    The network reads the places of the transformer's feature and is averaged over them. In training its scores get noise,
    normal with a deviation of softplus(r) + .01 that the network gives as well.

    Source: Lu, Cao and Wang 2025 (SAK), section 4.3; the same code.

    Args:
        channels: C.
        count: of features that are mixed.
        noisy: with the noise.
    """

    def __init__(self, channels: int, count: int, noisy: bool) -> None:
        super().__init__()
        self.noisy = noisy
        self.score = nn.Sequential(nn.Linear(channels, channels // 2), nn.LayerNorm(channels // 2), nn.GELU(),
                                   nn.Linear(channels // 2, 2 * count if noisy else count))
        self.apply(init_linear)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Features (B, N, C), the transformer's first -> (B, N, C) and the weights (B, count)."""
        scores = self.score(features[0]).mean(1)
        if self.noisy:
            scores, spread = scores.chunk(2, 1)
            if self.training:
                scores = scores + torch.randn_like(scores) * (F.softplus(spread) + 1e-2)
        weights = scores.softmax(1)
        mixed = torch.stack([weights[:, i, None, None] * feature for i, feature in enumerate(features)]).sum(0)
        return mixed, weights
