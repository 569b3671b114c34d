"""A tiny network with taps, its tasks, and batches for it."""

import torch
from torch import Tensor, nn

from mtkd.models import TapSpec
from mtkd.tasks import Task, build_tasks

MEAN, STD = (120.0,) * 3, (60.0,) * 3


def tasks() -> dict[str, Task]:
    return build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'}})


class TinyNet(nn.Module):
    """Convolution and batch normalisation of stride 2, then a feature and an output per task."""

    def __init__(self, width: int = 4, stride: int = 2, seed: int = 0, **out_channels: int) -> None:
        super().__init__()
        out_channels = out_channels or {'semseg': 5, 'depth': 1}
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.stem = nn.Sequential(nn.Conv2d(3, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU(),
                                      nn.Dropout(0.5))
            self.feats = nn.ModuleDict({task: nn.Conv2d(width, width, 1) for task in out_channels})
            self.outs = nn.ModuleDict({task: nn.Conv2d(width, c, 1) for task, c in out_channels.items()})
        if 'depth' in self.outs:
            nn.init.constant_(self.outs['depth'].bias, 2.0)  # metres, inside the range of the soft bins
        self.tap_specs = {'shared': TapSpec(width, stride)}
        for task, channels in out_channels.items():
            self.tap_specs[f'{task}.feat'] = TapSpec(width, stride)
            self.tap_specs[f'{task}.out'] = TapSpec(channels, stride)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        taps = {'shared': self.stem(image)}
        for task in self.outs:
            taps[f'{task}.feat'] = self.feats[task](taps['shared'])
            taps[f'{task}.out'] = self.outs[task](taps[f'{task}.feat'])
        return taps


def images(batch: int = 4, size: tuple[int, int] = (8, 12), seed: int = 0) -> Tensor:
    return torch.randint(0, 256, (batch, 3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def normalised(image: Tensor) -> Tensor:
    return (image.float() - MEAN[0]) / STD[0]


def batch(size: tuple[int, int] = (8, 12)) -> dict:
    """Four samples; the depth of the last two is absent; half of every class map is invalid."""
    generator = torch.Generator().manual_seed(1)
    semseg = torch.randint(0, 5, (4, *size), dtype=torch.uint8, generator=generator)
    semseg[:, :, size[1] // 2:] = 255
    depth = torch.rand(4, 1, *size, generator=generator) * 5 + 1
    depth[2:] = 0
    return {'image': images(size=size), 'targets': {'semseg': semseg, 'depth': depth},
            'present': {'semseg': torch.ones(4, dtype=torch.bool), 'depth': torch.tensor([True, True, False, False])},
            'meta': [{'crop': None} for _ in range(4)], 'teacher': {}}
