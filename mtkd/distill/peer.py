"""Online distillation: peer networks that are trained together with the student."""

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from ..models import Taps, TapSpec, build_net
from ..models.picture_scale import IMAGENET_MEAN, IMAGENET_STD
from ..registry import LINKS, TEACHERS
from ..structures import Batch
from ..tasks import Task
from .base_link import BaseLink
from .link import Link
from .losses import DistillLoss
from .losses.distill_loss import Method, Terms
from .teacher import Teacher

STUDENT = 'student'


@TEACHERS.register_module()
class Peer(Teacher):
    """A network that is trained in the same run as the student, from scratch or from pretrained backbone weights.

    Unlike other teachers it has gradients, follows train and eval mode, and is part of resumable checkpoints, of optimisers
    and of DDP. It is excluded from ``final.pth``, because it is not deployed. Links use it like any teacher, without passing
    gradients to it. It is trained by its own losses (:class:`PeerTask`) and, in mutual learning, by the student
    (:class:`PeerLearns`)::

        distiller=dict(
            teachers=dict(peer=dict(type='Peer', net=dict(backbone=..., neck=..., head=...))),
            links=dict(each_task=[dict(type='PeerTask', teacher='peer'),
                                  dict(type='PeerLearns', teacher='peer', loss=dict(type='PlainKD', tau=1.0)),
                                  dict(teacher='peer', loss=dict(type='PlainKD', tau=1.0))]))

    Args:
        net: the network, or its config (see :func:`mtkd.models.build_net`).
        tasks: the tasks of the student, which every teacher receives.
        heads: the tasks for which the peer has heads; None: all.
        mean: normalisation of images if that of the student is unknown, as in your own training loop.
        std: likewise.

    Raises:
        ValueError: a task of ``heads`` is not one of the student's.

    Source: Zhang et al., CVPR 2018, "Deep mutual learning", equations 5 to 7: each of K networks learns from every other
    with weight 1 / (K - 1), temperature 1; github.com/YingZhangDUT/Deep-Mutual-Learning (TensorFlow). The paper updates the
    networks in turn, each after a new forward pass of the others; here they are updated together.
    """

    method = Method('Deep mutual learning', 'Zhang et al. 2018', 'online', note='with `PeerTask` and `PeerLearns`',
                    parameters='a network', cost='its forward and backward')

    cacheable = False

    def __init__(self, net: nn.Module | Mapping[str, Any], tasks: Mapping[str, Task] | None = None,
                 heads: Sequence[str] | None = None, mean: Sequence[float] = IMAGENET_MEAN,
                 std: Sequence[float] = IMAGENET_STD) -> None:
        super().__init__(nn.Module(), mean, std)
        known = dict(tasks or {})
        missing = [task for task in heads or () if task not in known]
        if missing:
            raise ValueError(f"Peer: heads names '{missing[0]}', which is not one of the student's tasks "
                             f"({', '.join(known) or 'none'}).")
        channels = {name: task.out_channels for name, task in known.items() if heads is None or name in heads}
        self.network: nn.Module = net if isinstance(net, nn.Module) else build_net(net, channels)
        self._normaliser: Callable[[Tensor], Tensor] | None = None

    @property
    def row_wise(self) -> bool:
        """False: its losses need every image, and its batch normalisation the whole batch."""
        return False

    @property
    def net(self) -> nn.Module:
        """The network, which is a submodule."""
        return self.network

    def meet(self, student: nn.Module, normalise: Callable[[Tensor], Tensor] | None = None) -> None:
        """Take the student's normalisation of images."""
        self._normaliser = normalise

    def forward(self, image: Tensor, taps: Collection[str] | None = None) -> Taps:
        """Run on raw images; see :class:`~mtkd.distill.teacher.Teacher`. The taps have a graph."""
        if image.dtype != torch.uint8:
            raise TypeError(f'A peer normalises images itself and expects raw uint8 images, not {image.dtype}.')
        outputs = self.network(self._normaliser(image) if self._normaliser is not None else self._normalise(image))
        return outputs if taps is None else {tap: outputs[tap] for tap in taps}

    def train(self, mode: bool = True) -> 'Peer':
        """Set the mode, like any module."""
        nn.Module.train(self, mode)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> 'Peer':
        """Set ``requires_grad``, like any module."""
        nn.Module.requires_grad_(self, requires_grad)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> 'Peer':
        nn.Module._apply(self, fn, recurse)
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> 'Peer':
        """A copied model gets its own peers."""
        fresh = type(self).__new__(type(self))
        memo[id(self)] = fresh
        fresh.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return fresh


@LINKS.register_module()
class PeerTask(BaseLink):
    """The loss of the task for a peer: its training on labels. The terms are ``<task>/<peer>_<term>``.

    Args:
        task: the task.
        teacher: the peer.
        weight: factor in addition to the weight of the task.
    """

    def __init__(self, task: str, teacher: str, weight: float = 1.0) -> None:
        super().__init__()
        self.task_names, self.peer, self.weight = (task,), teacher, float(weight)

    def bind(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]) -> None:
        """See :class:`~mtkd.distill.base_link.BaseLink`."""
        task = self.task_names[0]
        _check_peer(self.peer, task, teachers)
        self.teacher_taps = {self.peer: (f'{task}.out',)}
        self.student_taps = (f'{task}.out',)
        self.weight *= tasks[task].weight
        self.terms = (f'{task}/{self.peer}_{tasks[task].loss.term}',)

    def forward(self, batch: Batch, taps: Taps, seen: Mapping[str, Taps], tasks: Mapping[str, Task]) -> Terms:
        """See :class:`~mtkd.distill.base_link.BaseLink`."""
        name = self.task_names[0]
        task, target, present = tasks[name], batch['targets'][name], batch['present'][name]
        known = target.masked_fill(~present.view(-1, *[1] * (target.ndim - 1)), task.kind.pad_value)
        (value,) = task.losses(seen[self.peer][f'{name}.out'], known).values()
        return {self.terms[0]: value}


@LINKS.register_module()
class PeerLearns(BaseLink):
    """A reversed link: the peer learns from the student.

    Args:
        task: the task.
        teacher: the peer, ``'name'``, or ``'name:tap'``.
        loss: a distillation loss or its config.
        student: the student's tap that the peer learns from; by default the peer's tap.
        **options: see :class:`~mtkd.distill.link.Link`; the terms are ``<task>/<peer>_<term>``.
    """

    def __init__(self, task: str, teacher: str, loss: DistillLoss | Mapping[str, Any], student: str | None = None,
                 **options: Any) -> None:
        super().__init__()
        self.peer, _, tap = teacher.partition(':')
        self.link = Link(loss, task=task, student=tap or None, teacher=f'{STUDENT}:{student}' if student else None,
                         name=self.peer, **options)
        self.task_names, self.weight, self.loss = (task,), self.link.weight, self.link.loss

    def term_name(self, term: str) -> str:
        """See :class:`~mtkd.distill.base_link.BaseLink`."""
        return self.link.term_name(term)

    def weight_at(self, progress: float) -> float:
        """See :class:`~mtkd.distill.base_link.BaseLink`."""
        return self.link.weight_at(progress)

    def bind(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]) -> None:
        """See :class:`~mtkd.distill.base_link.BaseLink`."""
        _check_peer(self.peer, self.task_names[0], teachers)
        other: Any = SimpleNamespace(tap_specs=dict(tap_specs), net=nn.Module())
        self.link.bind(teachers[self.peer].tap_specs or {}, tasks, {STUDENT: other})
        self.terms = self.link.terms
        self.teacher_taps = {self.peer: self.link.student_taps}
        self.student_taps = self.link.teacher_taps.get(STUDENT, ())

    def forward(self, batch: Batch, taps: Taps, seen: Mapping[str, Taps], tasks: Mapping[str, Task]) -> Terms:
        """See :class:`~mtkd.distill.base_link.BaseLink`."""
        self.link.progress = self.progress
        return self.link(batch, seen[self.peer], {STUDENT: taps}, tasks)


def _check_peer(name: str, task: str, teachers: Mapping[str, Teacher]) -> None:
    peer = teachers.get(name)
    if not isinstance(peer, Peer):
        peers = [other for other, teacher in teachers.items() if isinstance(teacher, Peer)]
        raise ValueError(f"'{name}' is not a teacher of type 'Peer'; the peers are {', '.join(peers) or 'none'}.")
    if peer.tap_specs is not None and f'{task}.out' not in peer.tap_specs:
        raise ValueError(f"The peer '{name}' has no head for task '{task}'; add the task to its heads.")
