"""PAD-Net: initial predictions, then distillation of features between tasks by attention."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from ...registry import NECKS
from ..blocks.residual import two_bottlenecks
from .task_neck import TaskNeck

STYLES = ('lite', 'full')


def conv3x3(channels: int) -> nn.Conv2d:
    """A 3x3 convolution that keeps width and size, without bias."""
    return nn.Conv2d(channels, channels, 3, padding=1, bias=False)


class Attended(nn.Module):
    """conv3x3(f) * sigmoid(conv3x3(f)): the message from one task to another in the survey's definition.

    Args:
        channels: number of channels of the feature.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv, self.attention = conv3x3(channels), conv3x3(channels)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, channels, h, w) -> the same."""
        return self.conv(feature) * self.attention(feature).sigmoid()


class Distillation(nn.Module):
    """G_t = F_t + sum over s != t of conv3x3(F_s) * sigmoid(conv3x3(F_s)), fact sheet 4.3.

    Args:
        tasks: the task names.
        channels: number of channels of every feature.
    """

    def __init__(self, tasks: Sequence[str], channels: int) -> None:
        super().__init__()
        self.passed = nn.ModuleDict({task: nn.ModuleDict({other: Attended(channels) for other in tasks if other != task})
                                     for task in tasks})

    def forward(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Task -> (B, channels, h, w), before to after."""
        return {task: sum((passed(own[other]) for other, passed in sources.items()), own[task])
                for task, sources in self.passed.items()}


class GatedDistillation(nn.Module):
    """G_t = F_t + sigmoid(conv1x1(F_t)) * sum over s != t of conv3x3(F_s), fact sheet 4.4: the gate is computed from the
    target.

    Args:
        tasks: the task names.
        channels: number of channels of every feature.
    """

    def __init__(self, tasks: Sequence[str], channels: int) -> None:
        super().__init__()
        self.passed = nn.ModuleDict({task: nn.ModuleDict({other: conv3x3(channels) for other in tasks if other != task})
                                     for task in tasks})
        self.gates = nn.ModuleDict({task: nn.Conv2d(channels, channels, 1, bias=False) for task in tasks})

    def forward(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Task -> (B, channels, h, w), before to after."""
        fused = {}
        for task, sources in self.passed.items():
            first, *rest = (passed(own[other]) for other, passed in sources.items())
            fused[task] = own[task] + self.gates[task](own[task]).sigmoid() * sum(rest, first)
        return fused


@NECKS.register_module()
class PADNetNeck(TaskNeck):
    """PAD-Net: predicts every task (``<task>.aux``, supervised), then adds the other tasks' features to each.

    - ``style='lite'``: on the baseline's 67-channel features, gated by the target; 12 3x3 and 4 1x1 convolutions with four
      tasks, 0.503 M parameters: the cost KDAM's Table 1 prints (5.02 M; fact sheet 4.4, inferred from the table, not from
      code). The head is :class:`~mtkd.models.heads.LogitsHead`.
    - ``style='full'``: the survey's (Vandenhende et al. 2021): a 1x1 convolution on the concatenation, as HRNet's own head
      has (inferred from the counted cost), two bottleneck blocks to 256 channels per task, attention of the source, and
      :class:`~mtkd.models.heads.BottleneckHead`; 19.522 M with HRNet18 on NYUD.

    Source: Xu et al. 2018; fact sheet 4.3, 4.4, 7.

    Args:
        in_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        strides: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        out_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        channels: width of a task's feature; None: 67, or 256 in the full style.
        lateral_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        style: ``'lite'`` or ``'full'``.

    Raises:
        ValueError: an unknown style, or a width that is not divisible by 4 in the full style.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int | None = None, lateral_channels: int | None = None, style: str = 'lite') -> None:
        if style not in STYLES:
            raise ValueError(f"PADNetNeck: style='{style}' is unknown; choose one of {', '.join(STYLES)}.")
        self.style = style
        width = channels or (67 if style == 'lite' else 256)
        super().__init__(in_channels, strides, out_channels, width, lateral_channels, aux=True,
                         mix=style == 'full')
        self.distil = (GatedDistillation if style == 'lite' else Distillation)(self.tasks, width)

    def make_own(self, in_channels: int) -> nn.Module:
        """See :class:`TaskNeck`."""
        return super().make_own(in_channels) if self.style == 'lite' else two_bottlenecks(in_channels, self.channels)

    def fuse(self, own: dict[str, Tensor]) -> dict[str, Tensor]:
        """See :class:`TaskNeck`."""
        return self.distil(own)
