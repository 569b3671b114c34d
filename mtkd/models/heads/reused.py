"""A head that ends in the classifier of another network."""

from torch import Tensor, nn

from ...registry import HEADS


@HEADS.register_module()
class ReusedHead(nn.Module):
    """The head of SimKD: a map is projected to the teacher's channels, averaged, and classified by the teacher's linear
    layer.

    The classifier is frozen, and part of the network: the deployed student has it. Its weights come from the teacher when
    the distiller is built (:class:`~mtkd.distill.losses.simkd.SimKD`); later they are loaded from the student's checkpoint.

    Source: Chen et al., CVPR 2022; released code: DefangChen/SimKD 2b389c3 (``SimKD``): 1×1, 3×3 and 1×1 convolutions,
    each with batch normalisation and ReLU.

    Args:
        in_channels: channels of the map.
        out_channels: number of output channels of the task.
        teacher_channels: channels of the teacher's last map.
        factor: ratio of the teacher's channels to those of the bottleneck.

    Attributes:
        feature_channels: the teacher's channels.
        out_stride: 0: the output is a vector per image, although the feature is a map.
    """

    out_stride = 0

    def __init__(self, in_channels: int, out_channels: int, teacher_channels: int, factor: int = 2) -> None:
        super().__init__()
        width = max(teacher_channels // factor, 1)
        self.feature_channels = teacher_channels
        self.projector = nn.Sequential(
            nn.Conv2d(in_channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, teacher_channels, 1, bias=False), nn.BatchNorm2d(teacher_channels), nn.ReLU())
        self.classifier = nn.Linear(teacher_channels, out_channels).requires_grad_(False)

    def feature(self, shared: Tensor) -> Tensor:
        """(B, in_channels, h, w) -> (B, teacher_channels, h, w), the tap ``<task>.feat``."""
        return self.projector(shared)

    def predict(self, feature: Tensor) -> Tensor:
        """(B, teacher_channels, h, w) -> (B, out_channels), the tap ``<task>.out``."""
        return self.classifier(feature.mean((2, 3)))
