"""The contexts of ATRC: attention from a position in one task's map to another task's map."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .local_attention import local_sum, local_weights


def full_precision(tensor: Tensor) -> torch.autocast:
    """Disable autocast on the tensor's device (a no-op on the meta device)."""
    return torch.autocast('cpu' if tensor.is_meta else tensor.device.type, enabled=False)


def _projection(in_channels: int, out_channels: int, relu: bool = True) -> list[nn.Module]:
    conv = nn.Conv2d(in_channels, out_channels, 1, bias=False)
    nn.init.xavier_uniform_(conv.weight)
    return [conv, nn.BatchNorm2d(out_channels), *([nn.ReLU(True)] if relu else [])]


class Context(nn.Module):
    """Queries from the target, keys and values from the source: 1x1 convolutions with norm, with two, two and one layers.

    Args:
        in_channels: number of channels of both tasks' features.
        channels: number of channels of queries, keys and values, and of the result.
    """

    positive = False  # whether queries and keys end in softplus instead of ReLU

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.query, self.key = self._deep(in_channels, channels), self._deep(in_channels, channels)
        self.value = nn.Sequential(*_projection(in_channels, channels))

    def _deep(self, in_channels: int, channels: int) -> nn.Sequential:
        last: Iterable[nn.Module] = [nn.Softplus()] if self.positive else []
        return nn.Sequential(*_projection(in_channels, channels), *_projection(channels, channels, not self.positive), *last)

    def forward(self, target: Tensor, source: Tensor, regions: Tensor | None) -> Tensor:
        """Compute the context of the target in the source.

        Args:
            target: (B, in_channels, h, w).
            source: (B, in_channels, h, w).
            regions: (B, K, h w), K distributions over positions, for contexts that use regions.

        Returns:
            (B, channels, h, w).
        """
        raise TypeError(f'{type(self).__name__} does not implement forward')


class GlobalContext(Context):
    """Linear attention over all positions with positive queries and keys: V (K^T q) / (sum K^T q), in float32."""

    positive = True

    def forward(self, target: Tensor, source: Tensor, regions: Tensor | None = None) -> Tensor:
        """See :class:`Context`."""
        query, key, value = (part.flatten(2) for part in (self.query(target), self.key(source), self.value(source)))
        with full_precision(target):
            query, key = query.float(), key.float()
            gathered = torch.matmul(value.float(), key.transpose(1, 2))
            total = torch.matmul(key.sum(2).unsqueeze(1), query).clamp_min(1e-12)
            taken = torch.matmul(gathered, query) / total
        return taken.to(value.dtype).unflatten(2, target.shape[2:])


class LocalContext(Context):
    """Attention over the k x k neighbourhood of each position, by softmax of scaled inner products.

    Difference: neighbours outside the map have weight 0 (in the authors' kernel they count as zero vectors).

    Args:
        in_channels: see :class:`Context`.
        channels: see :class:`Context`.
        kernel: k.
    """

    def __init__(self, in_channels: int, channels: int, kernel: int = 9) -> None:
        super().__init__(in_channels, channels)
        self.kernel = kernel

    def forward(self, target: Tensor, source: Tensor, regions: Tensor | None = None) -> Tensor:
        """See :class:`Context`."""
        return local_sum(local_weights(self.query(target), self.key(source), self.kernel), self.value(source))


class RegionContext(Context):
    """Attention over the mean source features of K regions, in which the target or the source predicts a class (or bin)."""

    def forward(self, target: Tensor, source: Tensor, regions: Tensor | None) -> Tensor:
        """See :class:`Context`."""
        assert regions is not None
        with full_precision(source):  # weights of one position among thousands are too small for half precision
            means = torch.matmul(regions.float(), source.float().flatten(2).transpose(1, 2))  # (B, K, C)
        prototypes = means.transpose(1, 2).unsqueeze(3).to(source.dtype)
        query, key, value = (part.flatten(2).transpose(1, 2)[:, None]  # one head: ONNX needs its axis
                             for part in (self.query(target), self.key(prototypes), self.value(prototypes)))
        taken = F.scaled_dot_product_attention(query, key, value)[:, 0]
        return taken.transpose(1, 2).unflatten(2, target.shape[2:])
