"""A tiny backbone, and a network and a batch for three tasks."""

import torch
from torch import Tensor, nn

from mtkd.models import MultiTaskNet, Trunk
from mtkd.models.heads import FCNHead
from mtkd.models.necks import ConcatNeck

TASKS = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'},
         'normals': {'type': 'Normals'}}
OUT_CHANNELS = {'semseg': 5, 'depth': 1, 'normals': 3}


class TinyBackbone(nn.Module):
    """Two strided convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.channels, self.strides = [4, 6], [2, 4]
        self.first, self.second = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 6, 3, 2, 1)

    def forward(self, image: Tensor) -> list[Tensor]:
        first = self.first(image).relu()
        return [first, self.second(first)]


def tiny_net(seed: int = 0) -> MultiTaskNet:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        backbone = TinyBackbone()
        neck = ConcatNeck(backbone.channels, backbone.strides)
        heads = {task: FCNHead(neck.out_channels, channels, channels=5) for task, channels in OUT_CHANNELS.items()}
        return MultiTaskNet(Trunk(backbone, neck), heads, OUT_CHANNELS)


def batch(size: tuple[int, int] = (8, 12), label_size: tuple[int, int] | None = None, seed: int = 0) -> dict:
    """Three samples; the second has no depth, the third no normals; a part of the classes of the first is invalid."""
    rng = torch.Generator().manual_seed(seed)
    height, width = label_size or size
    semseg = torch.randint(0, 5, (3, height, width), generator=rng).byte()
    semseg[0, :2] = 255
    depth = torch.rand(3, 1, height, width, generator=rng) * 5 + 0.5
    depth[1] = 0
    normals = nn.functional.normalize(torch.randn(3, 3, height, width, generator=rng), dim=1)
    normals[2] = 0
    return {'image': torch.randint(0, 256, (3, 3, *size), generator=rng).byte(),
            'targets': {'semseg': semseg, 'depth': depth, 'normals': normals},
            'present': {'semseg': torch.tensor([True, True, True]), 'depth': torch.tensor([True, False, True]),
                        'normals': torch.tensor([True, True, False])},
            'meta': [{'dataset': 'toy', 'index': i, 'crop': None} for i in range(3)]}
