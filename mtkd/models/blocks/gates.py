"""Gates: per-sample weights of the experts for each task."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def gate_view(image: Tensor, size: int) -> Tensor:
    """The input of a gate: the flattened means of an image or map over a grid of ``size`` x ``size``.

    Args:
        image: (B, C, H, W), or vectors (B, C), which are returned unchanged.
        size: side of the grid; for the side of the image, the result is the flattened image.

    Returns:
        (B, C size²), or (B, C).
    """
    return (F.adaptive_avg_pool2d(image, size) if image.ndim > 2 else image).flatten(1)


def mixed(weights: Tensor, experts: Tensor) -> Tensor:
    """The sum of the experts with per-sample weights: (B, E) and (B, E, ...) -> (B, ...)."""
    return torch.einsum('be,be...->b...', weights.to(experts.dtype), experts)


class SoftmaxGate(nn.Module):
    """Softmax of a linear layer, the gate of MMoE and of progressive layered extraction.

    Args:
        in_features: number of input features.
        experts: number of experts.
    """

    def __init__(self, in_features: int, experts: int) -> None:
        super().__init__()
        self.scores = nn.Linear(in_features, experts)

    def forward(self, seen: Tensor) -> Tensor:
        """(B, in_features) -> (B, experts), which sum to 1."""
        return self.scores(seen).softmax(-1)


class SelectGate(nn.Module):
    """DSelect-k: k selectors, each of which converges to one expert, weighted by a softmax.

    A selector encodes the index of its expert in binary: bit m is the smooth step S(z_m), which is 0 below -gamma / 2, 1
    above gamma / 2, and -2 z³ / gamma³ + 3 z / (2 gamma) + 1/2 in between. The weight of expert i is the product over m of
    S(z_m) or 1 - S(z_m), according to bit m of i. Once all |z| exceed gamma / 2, at most k experts have a nonzero weight.

    Source: Hazimeh et al. 2021 (DSelect-k), sections 3 and 4; google-research/dselect_k_moe (ccc94ce), its
    example-conditioned gates. LibMTL (4336804) gives the same for ``gamma=1``; its smooth step always uses 1.

    Args:
        in_features: number of input features.
        experts: number of experts.
        select: k, the maximum number of experts with a nonzero weight after convergence.
        gamma: width of the smooth step.

    Raises:
        ValueError: fewer than two experts, ``select`` not in 1..experts, or a non-positive width.
    """

    codes: Tensor

    def __init__(self, in_features: int, experts: int, select: int = 2, gamma: float = 1.0) -> None:
        super().__init__()
        if experts < 2 or not 1 <= select <= experts or gamma <= 0:
            raise ValueError(f'SelectGate(experts={experts}, select={select}, gamma={gamma}): give two experts or more, '
                             f'select between 1 and their number, and a gamma above 0.')
        bits = math.ceil(math.log2(experts))
        self.select, self.gamma = select, gamma
        self.complete = experts == 2 ** bits
        self.choose, self.weigh = nn.Linear(in_features, select * bits), nn.Linear(in_features, select)
        for part, bound in ((self.choose, gamma / 100), (self.weigh, 0.05)):
            nn.init.uniform_(part.weight, -bound, bound)
            nn.init.uniform_(part.bias, -bound, bound)
        codes = torch.arange(experts)[:, None] >> torch.arange(bits).flip(0) & 1
        self.register_buffer('codes', codes.bool(), persistent=False)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """(B, in_features) -> (B, experts) weights, and the selectors (B, select, experts) from which they are computed."""
        bits = self._step(self.choose(seen).unflatten(1, (self.select, 1, -1)))
        selectors = torch.where(self.codes, bits, 1 - bits).prod(-1)
        return mixed(self.weigh(seen).softmax(-1), selectors), selectors

    def _step(self, value: Tensor) -> Tensor:
        inside = value.clamp(-self.gamma / 2, self.gamma / 2)
        return -2 / self.gamma ** 3 * inside ** 3 + 3 / (2 * self.gamma) * inside + 0.5
