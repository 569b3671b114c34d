"""The MMEngine model: a network, its tasks, a balance, and an optional distiller."""

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from .. import frame  # noqa: F401 (MMEngine finds what mtkd registers)
from ..balance import Balance
from ..registry import BALANCES, MODELS
from ..structures import Batch, Route, Routing, RoutingPlan, SampleMeta, global_ratio, row_wise
from ..tasks import Task, aux_losses, build_tasks
from .known_weights import contradicts
from .net import MultiTaskNet, Taps, build_net


@MODELS.register_module()
class MultiTaskModel(BaseModel):
    """Trains a :class:`~mtkd.models.net.MultiTaskNet` on tasks and, optionally, on the terms of a distiller.

    The total loss is computed inside ``forward(mode='loss')``, the call that MMEngine's data-parallel wrapper
    differentiates.

    Args:
        net: a network, or its config (see :func:`~mtkd.models.net.build_net`).
        tasks: name -> task or its config.
        balance: combines the task losses into one scalar; None: a plain weighted sum.
        distiller: computes further terms from a batch and the student's taps; a module or its config.
        data_preprocessor: a :class:`~mtkd.models.preprocess.Preprocessor` or its config.

    Raises:
        ValueError: images are normalised although the trunk expects raw ones, or the normalisation contradicts that of the
            trunk's pretrained weights; see also the network, the tasks, the balance and the distiller.
    """

    def __init__(self, net: MultiTaskNet | Mapping[str, Any], tasks: Mapping[str, Any],
                 balance: Mapping[str, Any] | Balance | None = None,
                 distiller: Mapping[str, Any] | nn.Module | None = None,
                 data_preprocessor: Mapping[str, Any] | nn.Module | None = None) -> None:
        if not isinstance(data_preprocessor, nn.Module):
            data_preprocessor = MODELS.build({'type': 'Preprocessor', **(data_preprocessor or {})})
        super().__init__(data_preprocessor=data_preprocessor)
        self.tasks: dict[str, Task] = build_tasks(tasks)
        self.net = net if isinstance(net, nn.Module) else build_net(
            net, {name: task.out_channels for name, task in self.tasks.items()})
        _check_scale(self.net, self.data_preprocessor)
        _check_normalisation(self.net, self.data_preprocessor)
        if getattr(self.data_preprocessor, 'channels_last', False):
            self.net.to(memory_format=torch.channels_last)
        self.balance = BALANCES.build({'type': 'WeightedSum', **(balance or {})}) if not isinstance(balance, nn.Module) \
            else balance
        self.distiller = MODELS.build({'type': 'Distiller', 'teachers': {}, **distiller}) \
            if isinstance(distiller, Mapping) else distiller
        if self.distiller is not None:
            self.distiller.check(self.net.tap_specs, self.tasks, self.net, self.data_preprocessor.normalise)
        self.balance.setup({name: task.weight for name, task in self.tasks.items()}, net=self.net,
                           extra=self.distiller.term_weights if self.distiller is not None else ())
        self._head_routes = self._plan_rows()

    def _plan_rows(self) -> dict[str, Route]:
        """Task -> the samples on which its head runs in training, if not all; also passes all routes to the preprocessor.

        A head runs on the samples that are labelled for its task, unless it depends on several samples (batch normalisation)
        or a link uses its outputs for other samples.
        """
        heads: dict[str, Route] = {}
        reads = [] if self.distiller is None else getattr(self.distiller, 'reads', None)
        if not isinstance(self.net, MultiTaskNet) or not hasattr(self.data_preprocessor, 'routing_plan') or reads is None \
                or self.balance.parts > 1:
            return heads
        for task in self.tasks:
            own = frozenset({(task, 'labelled')})
            others = [route for tap, route in reads if tap in (f'{task}.feat', f'{task}.out')]
            if row_wise(self.net.heads[task]) and all(route == own for route in others):
                heads[task] = own
        plan = RoutingPlan(frozenset(heads.values()))
        self.data_preprocessor.routing_plan = self.distiller.plan(plan, heads) if self.distiller is not None else plan
        return heads

    def init_weights(self) -> None:
        """Does nothing: every part is initialised or loaded when it is built."""

    def begin_step(self, progress: float) -> None:
        """Called before every training step with the completed fraction of the training, 0 to 1."""
        begin = getattr(self.net, 'begin_step', None)
        if begin:
            begin(progress)
        if self.distiller is not None:
            self.distiller.begin_step(progress)

    def forward(self, image: Tensor, targets: dict[str, Tensor], present: dict[str, Tensor],
                meta: list[SampleMeta], teacher: dict[str, dict[str, Tensor]] | None = None,
                rows: Routing | None = None, labelled: dict[str, list[bool]] | None = None,
                mode: str = 'tensor') -> Any:
        """Run the model on one batch, whose fields are the arguments.

        Args:
            image: (B, 3, H, W) uint8 RGB, or (B, T, 3, H, W) clips.
            targets: task -> (B, …).
            present: task -> (B,) bool.
            meta: one entry per sample.
            teacher: cached taps of teachers or of experts inside the network.
            rows: the samples on which heads, teachers and links run in training, from the preprocessor; None: all.
            labelled: ``present`` on the host, from the preprocessor in training.
            mode: ``'tensor'`` returns the taps; ``'loss'`` a dict with ``'loss'``, the total to differentiate, and every
                term by its ``<task>/<name>``; ``'predict'`` a list with one dict per sample.

        Raises:
            ValueError: an unknown ``mode``, or a batch with fewer samples than the balance splits it into.
        """
        batch: Batch = {'image': image, 'targets': targets, 'present': present, 'meta': meta, 'teacher': teacher or {}}
        if mode == 'loss':
            if rows is not None:
                batch['rows'] = rows
            if labelled is not None:
                batch['labelled'] = labelled
            return self._loss(batch)
        taps = self._look(image, teacher or {})
        if mode == 'tensor':
            return taps
        if mode == 'predict':
            return self._predict(batch, taps)
        raise ValueError(f"mode '{mode}' is unknown; choose tensor, loss or predict.")

    def _look(self, image: Tensor, cached: Mapping[str, Taps], rows: Mapping[str, Tensor] | None = None) -> Taps:
        """The taps of the network for raw images; taps of inner experts that are cached in the batch are not computed."""
        picture = self.data_preprocessor.for_student(image, self.training)
        experts = {name: cached[name] for name in getattr(self.net, 'experts', ()) if name in cached}
        if rows:
            return self.net(picture, experts, rows)
        return self.net(picture, experts) if experts else self.net(picture)

    def task_terms(self, batch: Batch, taps: Taps, rows: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """``<task>/<name>`` -> () mean of the term over all valid elements in the batch and over all ranks.

        Auxiliary predictions, ``<task>.aux…``, add terms ``<task>/aux…_<name>`` with the task's weight.

        Args:
            batch: the batch.
            taps: the taps of the student.
            rows: task -> (R,), the samples in ``<task>.out``; all samples for a task that is missing here.
        """
        terms = {}
        for name, task in self.tasks.items():
            target = _without_absent(batch['targets'][name], batch['present'][name], task)
            own = target.index_select(0, rows[name]) if rows and name in rows else target
            for term, (total, count) in task.losses(taps[f'{name}.out'], own).items():
                terms[f'{name}/{term}'] = global_ratio(total, count)
            for tap in getattr(self.net, 'aux_taps', {}).get(name, ()):
                for term, (total, count) in aux_losses(task, taps[tap], target).items():
                    terms[f"{name}/{tap.split('.')[1]}_{term}"] = global_ratio(total, count)
        return terms

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        routing = batch.get('rows')
        found = {task: routing.rows(route) for task, route in self._head_routes.items()} if routing is not None else {}
        rows = {task: some.index for task, some in found.items() if some is not None}
        taps = self._look(batch['image'], batch['teacher'], rows)
        terms = self.task_terms(batch, taps, rows)
        extra = self.distiller(batch, taps, self.tasks) if self.distiller is not None else {}
        weights = self.distiller.term_weights if self.distiller is not None else {}
        total = self.balance(terms, extra, weights, taps, batch['present'], self._terms_of_parts(batch, taps))
        penalties = self.net.penalties(taps) if hasattr(self.net, 'penalties') else {}
        for name, (value, weight) in penalties.items():
            terms[name] = value
            total = total + weight * value
        return {'loss': total, **{name: term.detach() for name, term in {**terms, **extra}.items()}}

    def _terms_of_parts(self, batch: Batch, taps: Taps) -> list[dict[str, Tensor]]:
        """The tasks' terms on each of the n mini-batches that the balance requires (every n-th sample); empty for n = 1."""
        parts, count = self.balance.parts, len(batch['image'])
        if parts == 1 or not torch.is_grad_enabled():
            return []
        if count < parts:
            raise ValueError(f'balance: {type(self.balance).__name__} splits a batch into {parts} parts, but this one has '
                             f'{count} samples; set train_dataloader.batch_size to {parts} or more.')
        found = []
        for i in range(parts):
            part: Batch = {**batch, 'targets': {task: value[i::parts] for task, value in batch['targets'].items()},
                           'present': {task: value[i::parts] for task, value in batch['present'].items()}}
            found.append(self.task_terms(part, {name: tap[i::parts] for name, tap in taps.items()}))
        return found

    @torch.no_grad()
    def task_losses(self, data: Any) -> list[Tensor]:
        """The task losses on a batch, one scalar per task, as seen by the balance; nothing is trained."""
        batch = self.data_preprocessor(data, True)
        taps = self._look(batch['image'], batch.get('teacher') or {})
        return self.balance.sort_terms(self.task_terms(batch, taps), {}, {}, taps, batch['present'])[0]

    def _predict(self, batch: Batch, taps: Taps) -> list[dict[str, Any]]:
        size = tuple(batch['image'].shape[-2:])
        predictions = {}
        for name, task in self.tasks.items():
            target = batch['targets'][name]
            at = tuple(target.shape[-2:]) if task.kind.spatial else size
            predictions[name] = task.predict(taps[f'{name}.out'], at)
        samples = []
        for i, meta in enumerate(batch['meta']):
            samples.append({
                'pred': {name: _cropped(value[i], meta, self.tasks[name]) for name, value in predictions.items()},
                'target': {name: _cropped(batch['targets'][name][i], meta, task) for name, task in self.tasks.items()},
                'present': {name: bool(batch['present'][name][i]) for name in self.tasks},
                'image': batch['image'][i], 'meta': meta})
        return samples


def _check_scale(net: nn.Module, preprocessor: nn.Module) -> None:
    """Raise an error if images are normalised for a trunk that expects raw images."""
    takes_raw = getattr(getattr(net, 'trunk', None), 'takes_raw', False)
    if takes_raw and not preprocessor.mean.is_meta and (preprocessor.mean.any() or (preprocessor.std != 1).any()):
        raise ValueError('model.net.trunk expects raw images, which its experts normalise themselves: set model.'
                         'data_preprocessor=dict(mean=(0, 0, 0), std=(1, 1, 1)).')


def _check_normalisation(net: nn.Module, preprocessor: nn.Module) -> None:
    """Raise an error if the normalisation contradicts the trunk's weights; warn if it differs from their library's."""
    if preprocessor.mean.is_meta:
        return
    mean, std = preprocessor.mean.flatten().tolist(), preprocessor.std.flatten().tolist()
    for part in net.modules():
        if not hasattr(part, 'strides'):
            continue
        scale, usual = getattr(part, 'scale', None), getattr(part, 'usual_scale', None)
        name = getattr(part, 'name', type(part).__name__)
        if scale is not None and contradicts(scale, mean, std):
            raise ValueError(f'the pretrained weights of {name} need images normalised with mean {scale[0]} and std '
                             f'{scale[1]}, but model.data_preprocessor has {tuple(mean)} and {tuple(std)}: remove its mean '
                             f'and std, or set these.')
        if scale is None and usual is not None and contradicts(usual, mean, std):
            warnings.warn(f'the weights of {name} were trained on images normalised with mean {usual[0]} and std '
                          f'{usual[1]}, but model.data_preprocessor has {tuple(mean)} and {tuple(std)}: remove its mean and '
                          f'std to use those of the weights.')


def _without_absent(target: Tensor, present: Tensor, task: Task) -> Tensor:
    """``target`` with the empty label of its kind for unlabelled samples, so that no other value is ever used."""
    return target.masked_fill(~present.view(-1, *[1] * (target.ndim - 1)), task.kind.pad_value)


def _cropped(value: Tensor, meta: SampleMeta, task: Task) -> Tensor:
    """``value`` without the padding that the pipeline added to the image."""
    crop = meta.get('crop')
    if crop is None or not task.kind.spatial:
        return value
    top, left, height, width = crop
    return value[..., top:top + height, left:left + width]
