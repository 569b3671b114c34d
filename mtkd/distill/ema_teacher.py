"""Mean teacher: a moving average of the student's weights as the teacher."""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ..models.picture_scale import IMAGENET_MEAN, IMAGENET_STD
from ..registry import TEACHERS
from ..structures import world_size
from .losses.distill_loss import Method
from .teacher import Teacher

AVERAGE = 'average.'  # prefix of the averaged weights in a state dict


@TEACHERS.register_module()
class EMATeacher(Teacher):
    """The mean teacher: a moving average of the student's weights, updated once after each step.

    After update k = 1, 2, … the average becomes ``α average + (1 - α) student`` with ``α = min(1 - 1 / (k + 1), decay)``, so
    that it is the plain mean of the first weights until the decay is reached. It is initialised with the student::

        distiller=dict(teachers=dict(ema=dict(type='EMATeacher', decay=0.999)),
                       links=dict(each_task=dict(loss=dict(type='ProbMSE'), weight=10., warmup=0.2)))

    It has the student's taps and normalisation. ``decay=0`` is the student itself after the last update.

    Other teachers are never saved in a checkpoint. This one is part of the training state, so that a checkpoint to resume
    from contains it (``distiller.teachers.<name>.average.*``) and a resumed run is bit-exact; ``final.pth``, which is for
    deployment, does not. In your own training loop, it is part of the distiller's ``state_dict()``; call
    ``distiller.begin_step(progress)`` before every step to update it.

    Source: Tarvainen and Valpola, NeurIPS 2017, section 2; github.com/CuriousAI/mean-teacher at 546348f,
    ``pytorch/main.py``, ``update_ema_variables`` (decay 0.999 or 0.97, 0.99 for the first part of training in the paper).
    Differences: the official teacher runs in train mode and has its own batch normalisation statistics; here it runs in eval
    mode and its statistics are averaged like weights (``teacher_train_mode=True`` gives the official behaviour). Both sides
    receive the same augmented image, not two; augment that of the student with ``data_preprocessor=dict(student_view=...)``.

    Args:
        decay: the largest α, from 0 to below 1.
        teacher_train_mode: see :class:`~mtkd.distill.teacher.Teacher`.
        mean: normalisation of images if that of the student is unknown, as in your own training loop.
        std: likewise.
        channels_last: see :class:`~mtkd.distill.teacher.Teacher`.
        tasks: the tasks of the student, which every teacher receives; not used.

    Raises:
        ValueError: ``decay`` is not from 0 to below 1.
    """

    method = Method('Mean teacher', 'Tarvainen & Valpola 2017', 'self', note='a moving average of the student',
                    state='the student again', cost='its forward')

    cacheable = False
    steps: Tensor

    def __init__(self, decay: float = 0.999, teacher_train_mode: bool = False, mean: Sequence[float] = IMAGENET_MEAN,
                 std: Sequence[float] = IMAGENET_STD, channels_last: bool = False,
                 tasks: Mapping[str, Any] | None = None) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f'EMATeacher: decay={decay}; give a number from 0 to below 1.')
        super().__init__(nn.Module(), mean, std, teacher_train_mode=teacher_train_mode, channels_last=channels_last)
        self.decay = decay
        self._student: tuple[nn.Module, ...] = ()  # in a tuple for the same reason as the network
        self._normaliser: Callable[[Tensor], Tensor] | None = None
        self._version: int | None = None
        self._done: int | None = None  # number of steps, if it has been read
        self.register_buffer('steps', torch.zeros((), dtype=torch.int64))

    def meet(self, student: nn.Module, normalise: Callable[[Tensor], Tensor] | None = None) -> None:
        """Copy the student's network; called once, at build time."""
        self._student, self._normaliser = (student,), normalise
        self._held = (copy.deepcopy(student).requires_grad_(False).to(memory_format=self.memory_format),)
        self.train()

    @torch.no_grad()
    def begin_step(self, progress: float) -> None:
        """Update the average, if the student's weights have changed since the last call.

        Raises:
            ValueError: there is no student.
        """
        if not self._student:
            raise ValueError('An EMATeacher has no student to follow: pass its network to Distiller.check(net=...).')
        version = sum(p._version for p in self._student[0].parameters())
        if version == self._version:  # gradients are being accumulated
            return
        self._version = version
        done = int(self.steps) if self._done is None else self._done
        decay = min(1 - 1 / (done + 1), self.decay)
        _move(list(self.net.parameters()), list(self._student[0].parameters()), decay)
        if not (self.teacher_train_mode and done):
            self._move_buffers(decay)
        self.steps += 1
        self._done = done + 1

    def _move_buffers(self, decay: float) -> None:
        """Average the statistics like weights, with those of the first rank on all ranks."""
        own, others = list(self.net.buffers()), list(self._student[0].buffers())
        _move(own, others, decay)
        if world_size() > 1:
            for buffer in own:
                dist.broadcast(buffer, 0)

    def _normalise(self, image: Tensor) -> Tensor:
        if self._normaliser is None:
            return super()._normalise(image)
        weight = next((p for p in self.net.parameters() if p.is_floating_point()), self._scale)
        return self._normaliser(image).to(weight.dtype)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        self.net.state_dict(destination=destination, prefix=prefix + AVERAGE, keep_vars=keep_vars)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], strict: bool,
                              missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str]) -> None:
        self._done = None
        start = prefix + AVERAGE
        own = {key.removeprefix(start): state_dict.pop(key) for key in list(state_dict) if key.startswith(start)}
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        wanted = self.net.state_dict()
        missing_keys += [start + key for key in wanted if key not in own]
        unexpected_keys += [start + key for key in own if key not in wanted]
        wrong = [key for key in own if key in wanted and own[key].shape != wanted[key].shape]
        error_msgs += [f'{start}{key} is {tuple(own[key].shape)} for {tuple(wanted[key].shape)}' for key in wrong]
        self.net.load_state_dict({key: value for key, value in own.items() if key in wanted and key not in wrong},
                                 strict=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> 'EMATeacher':
        """A copied model gets a copy of the teacher that follows the copied student."""
        fresh = type(self).__new__(type(self))
        memo[id(self)] = fresh
        fresh.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return fresh


def _move(own: Sequence[Tensor], others: Sequence[Tensor], decay: float) -> None:
    """Set own ← decay own + (1 - decay) other, and integers ← other; in place."""
    for mine, other in zip(own, others, strict=True):
        if mine.is_floating_point() and decay > 0:
            mine.lerp_(other.to(mine.dtype), 1 - decay)
        else:
            mine.copy_(other)
