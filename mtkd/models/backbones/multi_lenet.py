"""The small network for SVHN + Omniglot: image -> one vector."""

from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import BACKBONES

KERNEL = 5


@BACKBONES.register_module()
class MultiLeNet(nn.Module):
    """Two convolutions and a linear layer, shared by all tasks.

    conv5x5 3 -> 10, max-pool 2, ReLU; conv5x5 10 -> 20, channel dropout, max-pool 2, ReLU; flatten; linear -> 50, ReLU.

    Source: the network of Sener and Koltun 2018 (MultiMNIST), which the fact sheet (1.2.3) assumes for KD4MTL's SVHN +
    Omniglot: the paper shows a LeNet without sizes.

    Args:
        in_size: side, or (height, width), of the images, which determines the size of the linear layer.
        channels: length of the vector.
        dropout: probability with which a channel of the second convolution is dropped.

    Attributes:
        channels: [length of the vector].
        strides: [0]: the output is a vector per image.

    Raises:
        ValueError: images of ``in_size`` have no pixels left after the second pooling.
    """

    def __init__(self, in_size: int | tuple[int, int] = 32, channels: int = 50, dropout: float = 0.5) -> None:
        super().__init__()
        height, width = (in_size, in_size) if isinstance(in_size, int) else in_size
        rows, columns = _pooled(_pooled(height)), _pooled(_pooled(width))
        if min(rows, columns) < 1:
            raise ValueError(f'MultiLeNet: images of {height}x{width} are too small; in_size must be at least 16.')
        self.in_size = (height, width)
        self.channels, self.strides = [channels], [0]
        self.conv1 = nn.Conv2d(3, 10, KERNEL)
        self.conv2 = nn.Conv2d(10, 20, KERNEL)
        self.dropout = nn.Dropout2d(dropout)
        self.fc = nn.Linear(20 * rows * columns, channels)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, *in_size) normalised image -> [(B, channels)].

        Raises:
            ValueError: the images have another size.
        """
        if tuple(image.shape[-2:]) != self.in_size:
            raise ValueError(f'MultiLeNet was built for images of {self.in_size[0]}x{self.in_size[1]} and was given '
                             f'{image.shape[-2]}x{image.shape[-1]}: resize them in the data pipeline, or set '
                             f'model.net.backbone.in_size.')
        feature = F.max_pool2d(self.conv1(image), 2).relu()
        feature = F.max_pool2d(self.dropout(self.conv2(feature)), 2).relu()
        return [self.fc(feature.flatten(1)).relu()]


def _pooled(side: int) -> int:
    """The side length after an unpadded convolution and a pooling."""
    return (side - KERNEL + 1) // 2
