"""The parts of SAK: adapter paths beside a shared transformer, and routers that mix the paths for a task."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def init_linear(module: nn.Module) -> None:
    """Initialise linear layers: truncated normal weights with standard deviation .02, zero biases; for ``Module.apply``."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        nn.init.zeros_(module.bias)


class Adapter(nn.Module):
    """A residual bottleneck, x + s W₂ GELU(W₁ x), with a learned scalar s, initialised to 1.

    Args:
        channels: C, the number of channels of x.
        down: reduction factor of the hidden layer.
    """

    def __init__(self, channels: int, down: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels, channels // down)
        self.widen = nn.Linear(channels // down, channels)
        self.scale = nn.Parameter(torch.ones(1))
        self.apply(init_linear)

    def forward(self, tokens: Tensor) -> Tensor:
        """(…, C) -> the same shape."""
        return tokens + self.scale * self.widen(F.gelu(self.narrow(tokens)))


class AdapterPath(nn.Module):
    """The path of one teacher beside a transformer: an adapter after the patch embedding and after every block.

    Source: Lu, Cao and Wang 2025 (SAK), section 4.2; innovator-zero/SAK c468ae9, ``models/backbones/sak.py``.

    Args:
        channels: C, the number of channels of the transformer.
        blocks: number of blocks of the transformer.
        layers: indices of the blocks after which the path is read out.
        down: see :class:`Adapter`.
    """

    def __init__(self, channels: int, blocks: int, layers: Sequence[int], down: int) -> None:
        super().__init__()
        self.first = Adapter(channels, down)
        self.adapters = nn.ModuleList(Adapter(channels, down) for _ in range(blocks))
        self.norms = nn.ModuleDict({str(i): nn.LayerNorm(channels) for i in layers})

    def step(self, i: int, path: Tensor, tokens: Tensor) -> Tensor:
        """The path after block i, from the path before it and the output of the block; all (B, N, C)."""
        return self.adapters[i](path + tokens)

    def read(self, i: int, path: Tensor) -> Tensor:
        """The normalised output of the path after block i: (B, N, C) -> the same shape."""
        return self.norms[str(i)](path)


class RepresentationRouter(nn.Module):
    """Mixes the transformer's feature and the teachers' paths for a task, with softmax weights per sample.

    A small network computes scores from each token of the transformer's feature; they are averaged over the tokens. With
    ``noisy``, the network also predicts r, and normal noise with standard deviation softplus(r) + .01 is added to the scores
    in training.

    Source: Lu, Cao and Wang 2025 (SAK), section 4.3; innovator-zero/SAK c468ae9, ``models/backbones/sak.py``.

    Args:
        channels: C, the number of channels.
        count: number of features to mix.
        noisy: add noise to the scores in training.
    """

    def __init__(self, channels: int, count: int, noisy: bool) -> None:
        super().__init__()
        self.noisy = noisy
        self.score = nn.Sequential(nn.Linear(channels, channels // 2), nn.LayerNorm(channels // 2), nn.GELU(),
                                   nn.Linear(channels // 2, 2 * count if noisy else count))
        self.apply(init_linear)

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """``count`` features (B, N, C), the transformer's first -> the mixture (B, N, C) and the weights (B, count)."""
        scores = self.score(features[0]).mean(1)
        if self.noisy:
            scores, spread = scores.chunk(2, 1)
            if self.training:
                scores = scores + torch.randn_like(scores) * (F.softplus(spread) + 1e-2)
        weights = scores.softmax(1)
        mixed = torch.stack([weights[:, i, None, None] * feature for i, feature in enumerate(features)]).sum(0)
        return mixed, weights
