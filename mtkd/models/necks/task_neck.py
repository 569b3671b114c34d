"""Base class of the lite networks: a 3x3 bottleneck per task and an exchange between tasks."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from ..net import Taps, TapSpec
from .concat import ConcatNeck


def conv_bn_relu(in_channels: int, out_channels: int, kernel: int = 1) -> nn.Sequential:
    """Convolution without bias at the same size, batch norm, ReLU."""
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False),
                         nn.BatchNorm2d(out_channels), nn.ReLU(True))


class TaskNeck(nn.Module):
    """Concatenates all scales, computes a feature per task, and exchanges information between tasks in :meth:`fuse`.

    Taps: ``shared``, the concatenation; ``<task>.own``, a 3x3 convolution with norm and ReLU on it, as in the baseline's
    heads (fact sheet 1.1.6); ``<task>.in``, the output of :meth:`fuse` and input of the head; and, if a network predicts
    before the exchange, ``<task>.aux``, which the model supervises with the loss and weight of the task.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        out_channels: task -> channels of its output; given by the network.
        channels: width of a task's feature.
        lateral_channels: see :class:`~mtkd.models.necks.ConcatNeck`.
        aux: predict each task from ``<task>.own`` by a 1x1 convolution, the tap ``<task>.aux``.
        mix: apply a 1x1 convolution that keeps the width, norm and ReLU to the concatenation; ``shared`` is then the result.

    Attributes:
        tap_specs: channels and stride of every tap it makes.

    Raises:
        ValueError: fewer than two tasks, or no width.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 67, lateral_channels: int | None = None, aux: bool = False,
                 mix: bool = False) -> None:
        super().__init__()
        self.tasks = check_tasks(self, out_channels)
        if channels < 1:
            raise ValueError(f'{type(self).__name__}: channels={channels}; give 1 or more.')
        self.channels = channels
        self.concat = ConcatNeck(in_channels, strides, lateral_channels)
        wide, stride = self.concat.out_channels, self.concat.stride
        self.mix = nn.Sequential(nn.Conv2d(wide, wide, 1), nn.BatchNorm2d(wide), nn.ReLU(True)) if mix else nn.Identity()
        self.own = nn.ModuleDict({task: self.make_own(wide) for task in self.tasks})
        self.aux = nn.ModuleDict({task: nn.Conv2d(channels, wanted, 1) for task, wanted in out_channels.items()}
                                 if aux else {})
        self.tap_specs = {'shared': TapSpec(wide, stride)}
        for task in self.tasks:
            self.tap_specs[f'{task}.own'] = self.tap_specs[f'{task}.in'] = TapSpec(channels, stride)
            if aux:
                self.tap_specs[f'{task}.aux'] = TapSpec(out_channels[task], stride)

    def make_own(self, in_channels: int) -> nn.Module:
        """Build the layers of a task's feature: (B, in_channels, h, w) -> (B, channels, h, w)."""
        return conv_bn_relu(in_channels, self.channels, 3)

    def fuse(self, own: dict[str, Tensor]) -> dict[str, Tensor]:
        """Map task -> (B, channels, h, w) before the exchange to the same after it."""
        raise TypeError(f'{type(self).__name__} does not implement fuse')

    def forward(self, features: list[Tensor]) -> Taps:
        """List of (B, C_i, h_i, w_i), finest first -> every tap of :attr:`tap_specs`."""
        shared = self.mix(self.concat(features))
        own = {task: make(shared) for task, make in self.own.items()}
        fused = self.fuse(own)
        return {'shared': shared, **{f'{task}.own': value for task, value in own.items()},
                **{f'{task}.in': fused[task] for task in self.tasks},
                **{f'{task}.aux': predict(own[task]) for task, predict in self.aux.items()}}

    def others(self, task: str) -> tuple[str, ...]:
        """All tasks except one."""
        return tuple(other for other in self.tasks if other != task)


def check_tasks(neck: nn.Module, tasks: Sequence[str] | Mapping[str, int]) -> tuple[str, ...]:
    """Check and return the task names.

    Raises:
        ValueError: there are fewer than two.
    """
    if len(tasks) < 2:
        raise ValueError(f"{type(neck).__name__} exchanges features between tasks, but there "
                         f"{'is only ' + repr(next(iter(tasks))) if tasks else 'are none'}; for one task, use the neck "
                         f"ConcatNeck and the head FCNHead.")
    return tuple(tasks)
