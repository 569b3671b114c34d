"""Cross-task consistency: a task without a label for an image is trained with the label of another task for it."""

import math
from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models import Taps, TapSpec
from ..registry import LINKS
from ..structures import Batch, Size, from_host
from ..tasks import Task
from .base_link import BaseLink
from .losses.distill_loss import Method, Terms
from .masks import at_size, picture_mask
from .teacher import Teacher

WIDTHS = (64, 128, 256, 512, 512)  # of the official mapping network
DEPTHS = (2, 2, 3, 3, 3)  # number of 3x3 convolutions before each pooling
EPS = 1e-12


@LINKS.register_module()
class CrossTaskConsistency(BaseLink):
    """Consistency of a prediction with the label of another task, in a learned joint space of the two.

    For an image with a label of task t and none of task s, the student's prediction of s and the label of t go through
    one auxiliary network, conditioned on the ordered pair (s, t). Its two outputs should have the same direction at each
    position, and both should stay close to a feature of the student, without which the network could map everything to one
    vector::

        1 - cos(m_s, m_t) + γ [ (1 - cos(m_s, f)) + (1 - cos(m_t, f)) ]      averaged over positions, f detached

    ``<task>/xtc`` is the sum over the pairs in which the task is s, the mean over all samples of the batch. The auxiliary
    network is trained with the student and discarded with the other links; it needs no teacher::

        distiller=dict(teachers=dict(), links=dict(between_tasks=dict(type='CrossTaskConsistency')))

    The network has a first layer for each task. The following stages are shared: 3x3 convolutions, each followed by
    normalisation, a scale and shift for each pair of tasks (FiLM) and ReLU, then 2x2 max pooling. Predictions and labels
    enter as maps: one-hot classes (of a Gumbel sample with a straight-through gradient for predictions), depth divided by
    the largest depth of the image, (n + 1) / 2 of unit normals, probabilities of binary maps.

    Source: Li, Liu and Bilen, CVPR 2022, "Learning multiple dense prediction tasks from partially annotated data",
    equations 4 to 6; github.com/VICO-UoE/MTPSL at e9d8859, ``model/mapfns.py`` and ``nyu_mtl_xtc.py`` (weight 2 on NYUv2,
    γ = 0.5, all maps at the size of the image, f the last feature of SegNet's encoder, Adam with learning rate 1e-3 for
    the pairs' scales and shifts and 1e-4 for everything else). The official code runs one image and one pair at a time
    through batch normalisation in train mode. This equals instance normalisation, which is used here, so that values depend
    neither on the other samples of the batch nor on the number of ranks. Differences: the official code draws a Gumbel
    sample for each pair of tasks, here one is drawn per image; maps have the size of the largest output, which is smaller
    and cheaper (``resolution='label'`` is the official way); padding is set to 0 and excluded from means; binary maps are
    supported, which the official code does not have; predicted depth is clamped at 0.

    Args:
        tasks: two or more dense tasks.
        tap: the student's feature f; by default its deepest ``trunk.…`` tap, or ``shared`` where there is none.
        gamma: γ.
        weight: weight of each term in the total.
        widths: channels of the stages. The last stage always has the channels of f. By default the first entries of the
            official (64, 128, 256, 512, 512), as many as needed to reach the stride of f, at least one.
        sources: which tasks are s: ``'unlabelled'``, those without a label in the image, or ``'all'``, the official
            ``full`` mode for images with several labels.
        classes: how class scores become maps: ``'gumbel'``, or ``'softmax'``, which is not random.
        resolution: size of the maps: ``'output'`` or ``'label'``.
        seed: seed of the initial weights of the auxiliary network.

    Raises:
        ValueError: fewer than two tasks, or an invalid option.
    """

    method = Method('Cross-task consistency', 'Li, Liu & Bilen 2022', 'self', 'dense', note='no teacher',
                    parameters='a mapping network for all pairs of tasks', cost='its forward and backward')

    def __init__(self, tasks: Sequence[str], tap: str | None = None, gamma: float = 0.5, weight: float = 2.0,
                 widths: Sequence[int] | None = None, sources: str = 'unlabelled', classes: str = 'gumbel',
                 resolution: str = 'output', seed: int = 0) -> None:
        super().__init__()
        if len(tasks) < 2 or gamma < 0 or (widths is not None and (not widths or min(widths) < 1)):
            raise ValueError(f'CrossTaskConsistency: {len(tasks)} tasks, gamma={gamma}, widths={widths}; it needs two or '
                             f'more tasks, a gamma of 0 or more, and positive widths.')
        for option, value, choices in (('sources', sources, ('unlabelled', 'all')), ('classes', classes, tuple(CLASSES)),
                                       ('resolution', resolution, ('output', 'label'))):
            if value not in choices:
                raise ValueError(f"CrossTaskConsistency: {option}='{value}' is unknown; choose one of "
                                 f'{", ".join(choices)}.')
        self.task_names = tuple(tasks)
        self.student_taps = tuple(f'{task}.out' for task in tasks)
        self.terms = tuple(f'{task}/xtc' for task in tasks)
        self.tap, self.gamma, self.weight, self.seed = tap, float(gamma), float(weight), seed
        self.sources, self.classes, self.resolution = sources, classes, resolution
        self.widths = None if widths is None else tuple(widths)
        self.maps: MappingNet

    def bind(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]) -> None:
        """Build the auxiliary network for the student's taps.

        Raises:
            ValueError: a task is not dense, or the student has no such map.
        """
        for task in self.task_names:
            if _map_of(tasks[task]) is None:
                raise ValueError(f"CrossTaskConsistency does not support the labels of task '{task}' "
                                 f"({tasks[task].kind.name}; supported: {', '.join(MAPS)}); exclude it with tasks=[...].")
        if self.tap is None:
            trunk = [tap for tap, spec in tap_specs.items() if tap.startswith('trunk.') and spec.stride]
            self.tap = max(trunk, key=lambda tap: tap_specs[tap].stride) if trunk else 'shared'
        if self.tap not in tap_specs or not tap_specs[self.tap].stride:
            maps = ', '.join(tap for tap, spec in tap_specs.items() if spec.stride)
            raise ValueError(f"CrossTaskConsistency: the student has no map '{self.tap}' among its taps; choose one of "
                             f'{maps}.')
        spec = tap_specs[self.tap]
        stride = 1 if self.resolution == 'label' else min(tap_specs[f'{task}.out'].stride for task in self.task_names)
        pools = max(round(math.log2(spec.stride / stride)), 0)
        widths = self.widths or tuple(WIDTHS[min(i, 4)] for i in range(max(pools, 1)))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self.maps = MappingNet([tasks[task].out_channels for task in self.task_names],
                                   (*widths[:-1], spec.channels), pools)

    def forward(self, batch: Batch, taps: Taps, seen: Mapping[str, Taps], tasks: Mapping[str, Task]) -> Terms:
        """The terms, by full name: (sum (B,), count (B,)), the count 1 for every sample of the batch."""
        device = batch['image'].device
        # DDP requires all trained parameters in the graph of every step, with a gradient of 0 if necessary
        anchor = sum((p.sum() * 0 for p in self.maps.parameters()), start=taps[self.student_taps[0]].sum() * 0)
        sums = anchor.float() + torch.zeros(len(batch['image']), len(self.task_names), device=device)
        compared = self._compared(batch)
        if compared:
            sample, source, _ = from_host(compared, device).unbind(1)
            values = self._compare(batch, taps, tasks, compared, sample)
            sums = sums.index_put((sample, source), values, accumulate=True)
        return {term: (sums[:, i], torch.ones_like(sums[:, i])) for i, term in enumerate(self.terms)}

    def _compared(self, batch: Batch) -> list[tuple[int, int, int]]:
        """Sample, task s and task t of each comparison."""
        labelled = batch.get('labelled')
        if labelled is None:
            labelled = {task: batch['present'][task].tolist() for task in self.task_names}
        flags = list(zip(*(labelled[task] for task in self.task_names), strict=True))
        return [(sample, source, target) for sample, present in enumerate(flags)
                for source in range(len(present)) if self.sources == 'all' or not present[source]
                for target in range(len(present)) if present[target] and target != source]

    def _compare(self, batch: Batch, taps: Taps, tasks: Mapping[str, Task],
                 compared: Sequence[tuple[int, int, int]], sample: Tensor) -> Tensor:
        """M comparisons, and their samples on the device -> (M,) losses."""
        device, last = batch['image'].device, len(self.task_names) - 1
        samples, sources, targets = zip(*compared, strict=True)
        pair = from_host([s * last + t - (t > s) for s, t in zip(sources, targets, strict=True)], device)
        size = self._size(batch, taps, tasks)
        inside = picture_mask(batch['meta'], (batch['image'].shape[-2], batch['image'].shape[-1]), size, device)
        predicted = self._first_layers(samples, sources, device, lambda task, chosen: _known_map(task).of_prediction(
            task, _inside(task.resize(taps[f'{task.name}.out'][chosen], size), inside, chosen), self.classes), tasks, inside)
        labelled = self._first_layers(samples, targets, device, lambda task, chosen: _known_map(task).of_label(
            task, _at(batch['targets'][task.name][chosen], size)), tasks, inside)
        mapped = self.maps(torch.cat([predicted, labelled]), torch.cat([pair, pair]))
        first, second = _full(mapped).chunk(2)
        place = (mapped.shape[2], mapped.shape[3])
        feature = _full(taps[self.tap or ''].detach())
        feature = feature if feature.shape[2:] == place else F.adaptive_avg_pool2d(feature, place)
        feature = feature[sample]
        values = _distance(first, second) + self.gamma * (_distance(first, feature) + _distance(second, feature))
        counted = picture_mask(batch['meta'], (batch['image'].shape[-2], batch['image'].shape[-1]), place, device)
        if counted is None:
            return values.mean((1, 2))
        chosen = counted[sample]
        return (values * chosen).sum((1, 2)) / chosen.sum((1, 2)).clamp_min(1)

    def _first_layers(self, samples: Sequence[int], task_of: Sequence[int], device: torch.device,
                      maps: Callable[[Task, Tensor], Tensor], tasks: Mapping[str, Task],
                      inside: Tensor | None) -> Tensor:
        """The map of each selected sample and task after that task's first layer, (M, C, h, w); each is computed once."""
        parts: list[Tensor] = []
        row: dict[tuple[int, int], int] = {}  # (sample, task) -> its row in the concatenation of parts
        for i, name in enumerate(self.task_names):
            own = sorted({sample for sample, task in zip(samples, task_of, strict=True) if task == i})
            if own:
                row.update({(sample, i): len(row) + place for place, sample in enumerate(own)})
                chosen = from_host(own, device)
                parts.append(self.maps.first[i](_inside(maps(tasks[name], chosen), inside, chosen)))
        return torch.cat(parts)[from_host([row[key] for key in zip(samples, task_of, strict=True)], device)]

    def _size(self, batch: Batch, taps: Taps, tasks: Mapping[str, Task]) -> Size:
        """The size of the maps."""
        if self.resolution == 'label':
            target = batch['targets'][self.task_names[0]]
            return target.shape[-2], target.shape[-1]
        height, width = max(tuple(taps[tap].shape[-2:]) for tap in self.student_taps)
        return height, width


class Conditioned(nn.Module):
    """A 3x3 convolution, normalisation, a scale and shift that depend on the pair of tasks, and ReLU.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels.
        pairs: number of ordered pairs of tasks.
    """

    def __init__(self, in_channels: int, out_channels: int, pairs: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False), _Norm(out_channels)
        self.gamma = nn.Parameter(torch.ones(out_channels, pairs))
        self.beta = nn.Parameter(torch.zeros(out_channels, pairs))

    def forward(self, value: Tensor, pair: Tensor) -> Tensor:
        """(M, C, h, w) and (M,) -> (M, C', h, w)."""
        scale, shift = self.gamma.t()[pair][..., None, None], self.beta.t()[pair][..., None, None]
        return F.relu(self.norm(self.conv(value)) * scale + shift)


class MappingNet(nn.Module):
    """The auxiliary network of :class:`CrossTaskConsistency`.

    Args:
        in_channels: number of channels of each task's map.
        widths: number of channels of each stage.
        pools: number of stages that end with 2x2 pooling, which rounds odd sizes up.
    """

    def __init__(self, in_channels: Sequence[int], widths: Sequence[int], pools: int) -> None:
        super().__init__()
        pairs = len(in_channels) * (len(in_channels) - 1)
        self.pools = pools
        self.first = nn.ModuleList(nn.Sequential(nn.Conv2d(channels, widths[0], 3, padding=1, bias=False), _Norm(widths[0]),
                                                 nn.ReLU()) for channels in in_channels)
        self.stages = nn.ModuleList()
        before = widths[0]
        for i, width in enumerate(widths):
            depth = DEPTHS[min(i, len(DEPTHS) - 1)]
            self.stages.append(nn.ModuleList(Conditioned(before if j == 0 else width, width, pairs) for j in range(depth)))
            before = width
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight)

    def forward(self, value: Tensor, pair: Tensor) -> Tensor:
        """(M, C, h, w) after the tasks' first layers, (M,) numbers of pairs -> (M, C', h', w')."""
        for i, stage in enumerate(self.stages):
            for layer in stage:
                value = layer(value, pair)
            value = F.max_pool2d(value, 2, ceil_mode=True) if i < self.pools else value
        return value


class _Norm(nn.Module):
    """Instance normalisation with a learned scale and shift per channel, in float32 under autocast."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, value: Tensor) -> Tensor:
        if value.shape[-2] * value.shape[-1] < 2:
            raise ValueError('CrossTaskConsistency: the maps are pooled to a single position, which cannot be normalised; '
                             'choose a tap with a smaller stride, or larger images.')
        return F.instance_norm(_full(value), weight=self.weight, bias=self.bias)


class _Map:
    """Converts predictions and labels of one kind to input maps of a network."""

    def of_prediction(self, task: Task, out: Tensor, classes: str) -> Tensor:
        raise TypeError(type(self).__name__)

    def of_label(self, task: Task, target: Tensor) -> Tensor:
        raise TypeError(type(self).__name__)


class _Classes(_Map):
    """(B, C, h, w): one class per position, none if unknown; one channel of two classes is a probability."""

    def of_prediction(self, task: Task, out: Tensor, classes: str) -> Tensor:
        return out.sigmoid() if task.out_channels == 1 else CLASSES[classes](out)

    def of_label(self, task: Task, target: Tensor) -> Tensor:
        valid = task.kind.valid(target)
        known = target.long().masked_fill(~valid, 0)
        if task.out_channels == 1:
            return known[:, None].float()
        one_hot = torch.zeros(len(known), task.out_channels, *known.shape[1:], device=known.device)
        return one_hot.scatter_(1, known[:, None], valid[:, None].float())


class _Depths(_Map):
    """(B, 1, h, w): 1 at the largest depth of the image."""

    def of_prediction(self, task: Task, out: Tensor, classes: str) -> Tensor:
        return self.of_label(task, task.predict(out))

    def of_label(self, task: Task, target: Tensor) -> Tensor:
        return target / (target.amax((1, 2, 3), keepdim=True) + EPS)


class _Normals(_Map):
    """(B, 3, h, w): unit vectors shifted to 0..1; (.5, .5, .5) for missing values."""

    def of_prediction(self, task: Task, out: Tensor, classes: str) -> Tensor:
        return (task.predict(out) + 1) / 2

    def of_label(self, task: Task, target: Tensor) -> Tensor:
        return (target + 1) / 2


MAPS: dict[str, _Map] = {'class_map': _Classes(), 'binary_map': _Classes(), 'edge_map': _Classes(),
                        'depth': _Depths(), 'normals': _Normals()}


def _map_of(task: Task) -> _Map | None:
    """The map of a task's kind, or of its parent kind."""
    kinds = (vars(kind).get('name') for kind in type(task.kind).__mro__)
    return next((MAPS[kind] for kind in kinds if kind in MAPS), None)


def _known_map(task: Task) -> _Map:
    found = _map_of(task)
    assert found is not None, 'checked when the link is bound'
    return found


def gumbel_sample(scores: Tensor) -> Tensor:
    """(B, C, h, w) scores -> one-hot samples of their softmax, with the gradient of the soft sample (τ = 1)."""
    noise = torch.empty_like(scores).exponential_().clamp_min(torch.finfo(scores.dtype).tiny)
    soft = (scores - noise.log()).softmax(1)
    hard = torch.zeros_like(soft).scatter_(1, soft.argmax(1, keepdim=True), 1.0)
    return hard - soft.detach() + soft


CLASSES: dict[str, Callable[[Tensor], Tensor]] = {'gumbel': gumbel_sample, 'softmax': lambda scores: scores.softmax(1)}


def _inside(value: Tensor, inside: Tensor | None, chosen: Tensor) -> Tensor:
    """(B, C, h, w) with 0 on the padding of the chosen samples."""
    return value if inside is None else value.masked_fill(~inside[chosen, None], 0.0)


def _at(target: Tensor, size: Size) -> Tensor:
    """A (B, …, H, W) label in another size: the values at the centres of its pixels."""
    if tuple(target.shape[-2:]) == tuple(size):
        return target
    flat = target.reshape(-1, *target.shape[-2:])
    return at_size(flat, size).reshape(*target.shape[:-2], *size)


def _distance(first: Tensor, second: Tensor) -> Tensor:
    """(M, C, h, w) twice -> (M, h, w): 1 - cosine over channels."""
    with torch.autocast(first.device.type, enabled=False):
        return 1 - F.cosine_similarity(first, second, dim=1, eps=EPS)


def _full(value: Tensor) -> Tensor:
    return value if value.dtype == torch.float64 else value.float()
