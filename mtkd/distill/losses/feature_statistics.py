"""Statistics of a teacher's features, and transforms that normalise the features of several teachers to one scale."""

import torch
from torch import Tensor, nn

from ...structures import all_sum
from .distill_loss import masked

METHODS = ('none', 'global', 'standardise', 'pca', 'zca', 'phi_s')


class Standardiser(nn.Module):
    """Normalises features to mean 0 and variance 1 with statistics of the first training steps, which are then fixed.

    Mean and covariance are accumulated in float64 over all valid pixels of all ranks, so that they do not depend on the
    distribution of samples over steps and ranks; they are buffers, so that a resumed run continues with them.

    Methods, where x is a feature vector, μ its mean and Σ = U diag(λ) Uᵀ its covariance:

    * ``'none'``: x;
    * ``'global'``: (x - μ) / sqrt(mean λ), one scale for all channels;
    * ``'standardise'``: (x - μ) / deviation, channel by channel;
    * ``'pca'``: diag(λ)^-½ Uᵀ (x - μ); ``'zca'``: U diag(λ)^-½ Uᵀ (x - μ), both whitening;
    * ``'phi_s'``: H Uᵀ (x - μ) / sqrt(mean λ), H orthogonal such that every channel has the same variance. It has one scale
      as in ``'global'``, so that errors keep their relative size, but no channel dominates the others.

    Args:
        channels: channels of the features.
        method: see above.
        steps: number of training steps over which statistics are collected.

    Raises:
        ValueError: an unknown method, or no steps.

    Source: Ranzinger et al. 2024, "PHI-S: distribution balancing for label-free multi-teacher distillation", section 3;
    github.com/NVlabs/RADIO at c0f3701, ``examples/common/phi_s.py`` and ``hadamard.py``. There H is a Hadamard matrix (a
    random orthogonal one if none is known); here it is Sylvester's if the number of channels is a power of 2, otherwise
    a product of plane rotations that make the variances exactly equal.
    """

    count: Tensor
    total: Tensor
    products: Tensor
    seen: Tensor
    mean: Tensor
    matrix: Tensor

    def __init__(self, channels: int, method: str = 'standardise', steps: int = 100) -> None:
        super().__init__()
        if method not in METHODS or steps < 1:
            raise ValueError(f"Standardiser: method='{method}', steps={steps}; choose a method of {', '.join(METHODS)}, and "
                             f'one step or more.')
        self.method, self.steps = method, steps
        if method == 'none':
            return
        whole = method in ('pca', 'zca', 'phi_s')
        size = (channels, channels) if whole else (channels,)
        self.register_buffer('count', torch.zeros((), dtype=torch.float64))
        self.register_buffer('total', torch.zeros(channels, dtype=torch.float64))
        self.register_buffer('products', torch.zeros(size, dtype=torch.float64))
        self.register_buffer('seen', torch.zeros((), dtype=torch.int64))
        self.register_buffer('mean', torch.zeros(channels))
        self.register_buffer('matrix', torch.eye(channels) if whole else torch.ones(channels))

    def forward(self, view: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, C, N) -> the same, standardised; in training, the first steps update the statistics first.

        Args:
            view: a teacher's features.
            mask: (B, N) bool, the valid pixels.
        """
        if self.method == 'none':
            return view
        if self.training and self.seen < self.steps:
            self.collect(view, mask)
        centred = view - self.mean.to(view.dtype)[:, None]
        matrix = self.matrix.to(view.dtype)
        return torch.einsum('dc,bcn->bdn', matrix, centred) if matrix.ndim == 2 else centred * matrix[:, None]

    @torch.no_grad()
    def collect(self, view: Tensor, mask: Tensor | None = None) -> None:
        """Add (B, C, N) features of this step, on all ranks, to the statistics and update the transform."""
        full = masked(view, mask).double()
        number = full.new_full((1,), view.shape[0] * view.shape[2]) if mask is None else mask.sum().double()[None]
        whole = self.products.ndim == 2
        products = torch.einsum('bcn,bdn->cd', full, full) if whole else full.square().sum((0, 2))
        sums = all_sum(torch.cat([number, full.sum((0, 2)), products.flatten()]))
        channels = len(self.total)
        self.count += sums[0]
        self.total += sums[1:channels + 1]
        self.products += sums[channels + 1:].view_as(self.products)
        self.seen += 1
        step = int(self.seen)
        if not whole or step == self.steps or step & (step - 1) == 0:  # eigenvalues are slow: at 1, 2, 4, …, and at the end
            self._renew()

    def _renew(self) -> None:
        mean = self.total / self.count.clamp_min(1)
        centred = torch.outer(mean, mean) if self.products.ndim == 2 else mean.square()
        covariance = (self.products - self.count * centred) / (self.count - 1).clamp_min(1)
        self.mean.copy_(mean)
        self.matrix.copy_(transform(covariance, self.method))


def transform(covariance: Tensor, method: str) -> Tensor:
    """The matrix of a method (or its diagonal) from a covariance matrix (or its diagonal), float64."""
    tiny = torch.finfo(torch.float32).tiny
    if covariance.ndim == 1:
        variance = covariance.mean().expand_as(covariance) if method == 'global' else covariance
        return torch.where(variance > tiny, variance.clamp_min(tiny).rsqrt(), torch.ones_like(variance))
    values, vectors = torch.linalg.eigh(covariance)
    values = values.clamp_min(0)
    if method == 'phi_s':
        return spread(values) @ vectors.T / values.mean().clamp_min(tiny).sqrt()
    floor = values.max().clamp_min(tiny) * 1e-7  # directions without variance stay small
    whitened = vectors.T / (values + floor).sqrt()[:, None]
    return vectors @ whitened if method == 'zca' else whitened


def spread(values: Tensor) -> Tensor:
    """An orthogonal Q for which the diagonal of Q diag(values) Qᵀ is constant.

    Args:
        values: (C,) float64.

    Returns:
        (C, C): Sylvester's Hadamard matrix / sqrt(C) if C is a power of 2, otherwise a product of C - 1 plane rotations.
    """
    count = len(values)
    if count & (count - 1) == 0:
        matrix = values.new_ones(1, 1)
        while len(matrix) < count:
            matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
        return matrix / count ** 0.5
    rotated, result = torch.diag(values), torch.eye(count, dtype=values.dtype, device=values.device)
    wanted = values.mean()
    open_ = list(range(count))
    while len(open_) > 1:
        diagonal = rotated.diagonal()[open_]
        low, high = open_[int(diagonal.argmin())], open_[int(diagonal.argmax())]
        a, b, off = rotated[low, low], rotated[high, high], rotated[low, high]
        # tan of the angle that rotates the diagonal entry of `low` to the desired value
        root = (off * off - (b - wanted) * (a - wanted)).clamp_min(0).sqrt()
        divisor = b - wanted
        tangent = (-off + root) / divisor if divisor.abs() > 1e-300 else torch.zeros_like(a)
        cosine = 1 / (1 + tangent * tangent).sqrt()
        sine = cosine * tangent
        turn = torch.stack([torch.stack([cosine, sine]), torch.stack([-sine, cosine])])
        pair = [low, high]
        rotated[pair] = turn @ rotated[pair]
        rotated[:, pair] = rotated[:, pair] @ turn.T
        result[pair] = turn @ result[pair]
        open_.remove(low)
    return result
