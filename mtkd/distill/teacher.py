"""Teachers: frozen networks that are applied to the raw image."""

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..models import Taps, TapSpec, build_net
from ..models.picture_scale import IMAGENET_MEAN, IMAGENET_STD, check_statistics
from ..models.tapping import TapCfg, TappedModel
from ..registry import TEACHERS
from ..structures import Size
from ..tasks import Task, build_tasks
from .weights import load_weights, weights_hash

DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16, 'float16': torch.float16}


class Teacher(nn.Module):
    """A frozen network with its own normalisation and precision.

    The network is held in a tuple, so it is not a submodule. This keeps it out of everything that traverses the module tree:
    state dicts (saving and strict loading), ``train()``, ``init_weights``, optimisers, DDP's broadcasts and moving averages.
    Only conversions of device and dtype are passed on to it, and a copy of a model shares its teacher.

    Args:
        net: (B, 3, H, W) normalised image -> taps, preferably with ``tap_specs``; with ``taps``, any network whose first
            argument is the image, with any output. It is frozen, and ``taps`` adds forward hooks.
        mean: per channel, RGB, on the 0..255 scale of the raw image.
        std: the same.
        dtype: ``'float32'``, ``'bfloat16'`` or ``'float16'``: dtype of the network, independent of the student's model.
            None: that of the model. Autocast does not apply to a teacher.
        teacher_train_mode: run the network in train mode: batch normalisation then normalises by the batch and its
            running statistics drift, as in KD4MTL's code (fact sheet 5.2.1). Gradients stay off.
        channels_last: keep images and weights in channels-last memory format.
        taps: the outputs of submodules to return: a list of module paths, which are then the taps' names, or tap ->
            module path or dictionary (see :class:`~mtkd.models.tapping.TappedModel`). The path ``''`` is the network itself,
            so that ``{'cls.out': ''}`` is its output. None: ``net`` returns its taps.
        tokens: how token sequences become maps; see there.
        probe_size: (height, width) of the image for the trial forward pass that determines the taps' channels.

    Raises:
        ValueError: an unknown ``dtype``, statistics on the 0..1 scale, or a tap that does not exist.

    Attributes:
        cacheable: whether its output for an image is always the same, so that it can be cached.
    """

    cacheable = True

    def __init__(self, net: nn.Module, mean: Sequence[float] = IMAGENET_MEAN, std: Sequence[float] = IMAGENET_STD,
                 dtype: str | None = None, teacher_train_mode: bool = False, channels_last: bool = False,
                 taps: Sequence[str] | Mapping[str, TapCfg] | None = None, tokens: Mapping[str, int] | None = None,
                 probe_size: Size = (224, 224)) -> None:
        super().__init__()
        if dtype is not None and dtype not in DTYPES:
            raise ValueError(f"teacher: dtype='{dtype}' is unknown; choose one of {', '.join(DTYPES)}, or None.")
        check_statistics(mean, std, type(self).__name__)
        self.dtype = None if dtype is None else DTYPES[dtype]
        self.teacher_train_mode = teacher_train_mode
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        if taps is not None:
            net = TappedModel(net, taps, tokens, probe_size)
        self._held = (net.requires_grad_(False).to(dtype=self.dtype, memory_format=self.memory_format),)
        self._scale = torch.tensor([tuple(v) * (3 // len(v)) for v in (mean, std)], dtype=torch.float32).view(2, 3, 1, 1)
        self.train()

    @property
    def net(self) -> nn.Module:
        """The frozen network."""
        return self._held[0]

    @property
    def tap_specs(self) -> dict[str, TapSpec] | None:
        """The available taps; None if the network does not declare them."""
        return getattr(self.net, 'tap_specs', None)

    @property
    def scale(self) -> Tensor:
        """(2, 3, 1, 1) float32: mean and standard deviation of its normalisation."""
        return self._scale

    @torch.no_grad()
    def forward(self, image: Tensor, taps: Collection[str] | None = None) -> Taps:
        """Run the teacher on images.

        Args:
            image: (B, 3, H, W) uint8 RGB, or (B, T, 3, H, W) clips, not normalised.
            taps: the taps to return; None: all.

        Returns:
            tap -> (B, C, h, w) in the teacher's precision, without a graph.

        Raises:
            TypeError: the image is not uint8; it may already be normalised for the student.
        """
        if image.dtype != torch.uint8:
            raise TypeError(f'A teacher normalises images itself and expects raw uint8 images, not {image.dtype}.')
        with torch.autocast(image.device.type, enabled=False):
            outputs = self.net(self._normalise(image))
        return outputs if taps is None else {tap: outputs[tap] for tap in taps}

    def _normalise(self, image: Tensor) -> Tensor:
        if self._scale.device != image.device:
            self._scale = self._scale.to(image.device)
        mean, std = self._scale
        weight = next((p for p in self.net.parameters() if p.is_floating_point()), self._scale)
        form = self.memory_format if image.ndim == 4 else torch.preserve_format  # channels-last is only for images
        return ((image - mean) / std).to(weight.dtype, memory_format=form)

    @property
    def row_wise(self) -> bool:
        """Whether it processes every image independently, so that images not used by any link can be skipped."""
        return not self.teacher_train_mode

    def meet(self, student: nn.Module, normalise: Callable[[Tensor], Tensor] | None = None) -> None:
        """Called once at build time, before the first step, with the student's network; for teachers that follow it.

        Args:
            student: the network.
            normalise: function from raw uint8 images to its input, if known.
        """

    def begin_step(self, progress: float) -> None:
        """Called before every training step with the completed fraction of the training, 0 to 1."""

    def weights_hash(self) -> str:
        """Fingerprint of the network's weights and buffers; changes with them and with the precision."""
        return weights_hash(self.net)

    def train(self, mode: bool = True) -> 'Teacher':
        """Keep the configured mode, independent of ``mode``."""
        self.training = False
        self.net.train(self.teacher_train_mode)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> 'Teacher':
        """Stay frozen, independent of ``requires_grad``."""
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> 'Teacher':
        """Pass conversions (``to``, ``cuda``, ``half`` …) on to the network, which keeps its own precision if configured."""
        super()._apply(fn, recurse)
        self.net._apply(fn)
        if self.dtype is not None:
            self.net.to(self.dtype)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> 'Teacher':
        """A copied model shares its teacher, which never changes."""
        return self


@TEACHERS.register_module()
class MultiTaskTeacher(Teacher):
    """A trained multi-task network as a teacher.

    Args:
        net: the network, or its config (see :func:`mtkd.models.build_net`).
        tasks: name -> task or its config: the heads of the network. Required if ``net`` is a config; the distiller uses the
            student's tasks if the teacher's config has none.
        checkpoint: the weights; see :func:`~mtkd.distill.weights.load_weights`.
        made_by: the config that trains them, named in the error when they are missing.
        allow_random: keep the initial weights of ``net`` if there is no checkpoint (smoke runs).
        **kwargs: see :class:`Teacher`.

    Raises:
        ValueError: ``net`` is a config and there are no tasks; there is no checkpoint and ``allow_random`` is not set; or
            the checkpoint does not fit.
        FileNotFoundError: there is no such checkpoint.
    """

    def __init__(self, net: nn.Module | Mapping[str, Any], tasks: Mapping[str, Any] | None = None,
                 checkpoint: str | Path | None = None, made_by: str | None = None, allow_random: bool = False,
                 **kwargs: Any) -> None:
        network = net if isinstance(net, nn.Module) else build_net(net, _out_channels(tasks))
        _fill(network, checkpoint, made_by, allow_random)
        super().__init__(network, **kwargs)


def _out_channels(tasks: Mapping[str, Any] | None) -> dict[str, int]:
    """Task -> channels of its output, from tasks or their configs."""
    if not tasks:
        raise ValueError('A teacher built from a config needs its tasks: set teacher.tasks to those of the config that '
                         'trained it.')
    configs = {name: part for name, part in tasks.items() if not isinstance(part, Task)}
    built = {**tasks, **(build_tasks(configs) if configs else {})}
    return {name: built[name].out_channels for name in tasks}


def _fill(net: nn.Module, checkpoint: str | Path | None, made_by: str | None, allow_random: bool) -> None:
    """Load the weights, or raise an error if there are none."""
    if allow_random and (checkpoint is None or not Path(checkpoint).is_file()):
        warnings.warn('A teacher has no checkpoint and keeps the weights it was initialised with (allow_random=True).')
    elif checkpoint is None:
        hint = f', trained with: mtkd train {made_by}' if made_by else ''
        raise ValueError(f'A teacher has no weights: give teacher.checkpoint{hint}; for smoke runs without weights, set '
                         f'allow_random=True.')
    else:
        load_weights(net, checkpoint, made_by)
