"""A batch for every registered loss, one sample partly invalid."""

from collections.abc import Callable

import torch
from torch import Tensor

from mtkd.losses import TaskLoss
from mtkd.registry import LOSSES
from mtkd.structures import KINDS

B, H, W = 3, 5, 7
Case = tuple[Tensor, Tensor, Tensor]


def _class_map(num_classes: int) -> Callable[[torch.Generator], tuple[Tensor, Tensor]]:
    def make(rng: torch.Generator) -> tuple[Tensor, Tensor]:
        target = torch.randint(0, num_classes, (B, H, W), generator=rng).byte()
        target[0, :2] = 255
        return torch.randn(B, num_classes, H, W, generator=rng), target
    return make


def _edge(rng: torch.Generator) -> tuple[Tensor, Tensor]:
    pred, target = _class_map(2)(rng)
    return pred[:, :1], target


def _depth(rng: torch.Generator) -> tuple[Tensor, Tensor]:
    target = torch.rand(B, 1, H, W, generator=rng) * 5 + 0.1
    target[0, :, :2] = 0
    return torch.randn(B, 1, H, W, generator=rng), target


def _normals(rng: torch.Generator) -> tuple[Tensor, Tensor]:
    target = torch.nn.functional.normalize(torch.randn(B, 3, H, W, generator=rng), dim=1)
    target[0, :, :2] = 0
    return torch.randn(B, 3, H, W, generator=rng), target


def _scalar(rng: torch.Generator) -> tuple[Tensor, Tensor]:
    return torch.randn(B, 11, generator=rng), torch.tensor([float('nan'), 3.2, 12.0])


CASES: dict[str, tuple[str, Callable[[torch.Generator], tuple[Tensor, Tensor]]]] = {
    'CrossEntropy': ('class_map', _class_map(4)),
    'BalancedCrossEntropy': ('binary_map', _class_map(2)),
    'EdgeBCE': ('edge_map', _edge),
    'L1Depth': ('depth', _depth),
    'L1Normals': ('normals', _normals),
    'CosineNormals': ('normals', _normals),
    'L1Expectation': ('scalar', _scalar),
    'BinCrossEntropy': ('scalar', _scalar),
}


def build(name: str) -> TaskLoss:
    return LOSSES.build({'type': name})


def case(name: str, seed: int = 0) -> Case:
    """Prediction, target and validity."""
    kind, make = CASES[name]
    pred, target = make(torch.Generator().manual_seed(seed))
    return pred, target, KINDS[kind].valid(target)
