"""Properties of everything that is registered: each task with each of its losses, metrics and probability views."""

import inspect

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mtkd import registry
from mtkd.metrics import TaskMetric
from mtkd.models import MultiTaskModel, TapSpec
from mtkd.registry import LOSSES, METRICS, PROB_VIEWS, TASKS, Registry
from mtkd.structures import global_ratio
from mtkd.tasks import build_tasks

B, SIZE, COARSE = 4, (24, 32), (6, 8)
CASES = {
    'semseg': {'type': 'SemanticSegmentation', 'num_classes': 6},
    'semseg_smooth': {'type': 'SemanticSegmentation', 'num_classes': 6, 'loss': {'label_smoothing': 0.1},
                      'prob_view': 'naive'},
    'semseg_places': {'type': 'SemanticSegmentation', 'num_classes': 6, 'prob_view': 'spatial_softmax',
                      'metric': {'absent': 'ignore', 'without': [0], 'legacy_per_image': True}},
    'parts': {'type': 'HumanParts'},
    'sal': {'type': 'Saliency'},
    'sal_one': {'type': 'Saliency', 'num_channels': 1},
    'depth': {'type': 'Depth'},
    'depth_positive': {'type': 'Depth', 'prob_view': 'positive', 'metric': {'legacy_per_image': True}},
    'depth_skipped': {'type': 'Depth', 'prob_view': 'none'},
    'normals': {'type': 'Normals'},
    'normals_cos': {'type': 'Normals', 'loss': 'CosineNormals', 'z_sign': 1},
    'edge': {'type': 'Edge'},
    'age': {'type': 'Age'},
    'age_l1': {'type': 'Age', 'num_bins': 80, 'loss': 'L1Expectation'},
    'expression': {'type': 'Classification', 'num_classes': 7},
    'age_group': {'type': 'Classification', 'num_classes': 8, 'metric': {'type': 'AgeGroupAccuracy'}},
}
PREDICTED = {  # kind (and head, where it matters) -> the prediction for one sample
    'SemanticSegmentation': (SIZE, torch.uint8), 'HumanParts': (SIZE, torch.uint8), 'Saliency': (SIZE, torch.float32),
    'Edge': (SIZE, torch.float32), 'Depth': ((1, *SIZE), torch.float32), 'Normals': ((3, *SIZE), torch.float32),
    'Age': ((), torch.float32)}
ALL = {name: value for name, value in vars(registry).items() if isinstance(value, Registry)}


def registered(reg: Registry) -> dict[str, type]:
    """The entries of a registry that belong to mtkd."""
    reg.import_from_location()
    return {name: part for name, part in reg.module_dict.items() if part.__module__.startswith('mtkd.')}


@pytest.fixture(params=CASES)
def task(request):
    return build_tasks({request.param: CASES[request.param]})[request.param]


def output(task, seed=0):
    shape = COARSE if task.kind.spatial else ()
    return torch.randn(B, task.out_channels, *shape, generator=torch.Generator().manual_seed(seed))


def labels(task, seed=1):
    """Labels of four samples; a part of the third is invalid if that is possible."""
    rng = torch.Generator().manual_seed(seed)
    kind = task.kind.name
    if kind == 'depth':
        target = torch.rand(B, 1, *SIZE, generator=rng) * 8 + 0.5
    elif kind == 'normals':
        target = F.normalize(torch.randn(B, 3, *SIZE, generator=rng), dim=1)
    elif kind == 'class_label':
        return torch.randint(0, task.out_channels, (B,), generator=rng)
    elif kind == 'scalar':
        return torch.rand(B, generator=rng) * 70
    else:
        num_classes = 2 if kind in ('binary_map', 'edge_map') else task.out_channels
        target = torch.randint(0, num_classes, (B, *SIZE), generator=rng).byte()
    target[2, ..., :5, :] = task.kind.pad_value
    return target


def empty(task):
    return torch.stack([task.kind.to_tensor(task.kind.empty(SIZE))] * B)


def test_every_registered_part_is_tried():
    tasks = build_tasks(CASES)
    assert {type(task) for task in tasks.values()} == set(registered(TASKS).values())
    assert {type(task.loss) for task in tasks.values()} == set(registered(LOSSES).values())
    assert {type(task.prob_view) for task in tasks.values()} == set(registered(PROB_VIEWS).values())
    metrics = {part for part in registered(METRICS).values() if issubclass(part, TaskMetric)}
    assert {type(task.metric()) for task in tasks.values()} == metrics


@pytest.mark.parametrize('name', ALL)
def test_every_registered_name_is_documented(name):
    bare = [key for key, part in registered(ALL[name]).items()  # its own method, not an inherited one
            if not ((vars(part).get('__doc__') if inspect.isclass(part) else part.__doc__) or '').strip()]
    assert not bare, f'{name}: {bare} have no docstring'


@pytest.mark.parametrize('name', ALL)
def test_a_registered_name_is_found_under_its_own_type(name):
    for key, part in registered(ALL[name]).items():
        assert ALL[name].get(key) is part


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_losses_are_sums_and_counts_with_a_finite_gradient(task, dtype):
    out = output(task).to(dtype).requires_grad_()
    target = labels(task)
    terms = task.losses(out, target)
    assert terms
    for total, count in terms.values():
        assert total.shape == count.shape == (B,)
        assert total.dtype == count.dtype == torch.float32 and total.isfinite().all()
        assert torch.equal(count, task.kind.valid(target).reshape(B, -1).sum(1).float())
    sum(global_ratio(*term) for term in terms.values()).backward()
    assert out.grad.isfinite().all() and (out.grad.reshape(B, -1) != 0).any(1).all()


def test_nothing_valid_is_zero_with_a_graph(task):
    out = output(task).requires_grad_()
    value = sum(global_ratio(*term) for term in task.losses(out, empty(task)).values())
    value.backward()
    assert value == 0 and out.grad is not None and (out.grad == 0).all()


def test_permuting_the_batch_permutes_sums_and_counts(task):
    order = torch.tensor([2, 0, 3, 1])
    plain, permuted = task.losses(output(task), labels(task)), task.losses(output(task)[order], labels(task)[order])
    for term, (total, count) in plain.items():
        torch.testing.assert_close(permuted[term][0], total[order])
        assert torch.equal(permuted[term][1], count[order])


class Outputs(nn.Module):
    """A network whose output is its parameter."""

    def __init__(self, task):
        super().__init__()
        self.out = nn.Parameter(output(task))
        self.task = task.name
        self.tap_specs = {f'{task.name}.out': TapSpec(task.out_channels, 4 if task.kind.spatial else 0)}

    def forward(self, image):
        return {f'{self.task}.out': self.out}


def trained(task, target, present):
    """The total and the gradient of a batch."""
    model = MultiTaskModel(net=Outputs(task), tasks={task.name: CASES[task.name]})
    result = model(image=torch.zeros(B, 3, *SIZE, dtype=torch.uint8), targets={task.name: target},
                   present={task.name: present}, meta=[{}] * B, mode='loss')
    result['loss'].backward()
    return result['loss'].detach(), model.net.out.grad


def test_an_absent_samples_target_changes_nothing(task):
    present = torch.tensor([True, False, True, True])
    total, grad = trained(task, labels(task), present)
    assert (grad[1] == 0).all() and (grad[0] != 0).any()
    garbage = [empty(task)[1], labels(task, seed=9)[1]]
    garbage += [torch.full_like(garbage[0], float('nan'))] if garbage[0].is_floating_point() else []
    for other in garbage:
        target = labels(task)
        target[1] = other
        again, grad_again = trained(task, target, present)
        assert torch.equal(total, again) and torch.equal(grad, grad_again)


def test_an_absent_sample_is_as_if_it_were_not_in_the_batch(task):
    present = torch.tensor([True, False, True, True])
    total, _ = trained(task, labels(task), present)
    left = [global_ratio(*term) for term in task.losses(output(task)[present], labels(task)[present]).values()]
    torch.testing.assert_close(total, task.weight * sum(left))


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_predictions(task, dtype):
    pred = task.predict(output(task).to(dtype), SIZE)
    shape, expected = PREDICTED.get(type(task).__name__, ((task.out_channels,), torch.float32))
    assert pred.shape == (B, *shape) and pred.dtype == expected
    assert pred.float().isfinite().all()
    if task.kind.name == 'normals':
        torch.testing.assert_close(pred.norm(dim=1), torch.ones(B, *SIZE))
    elif task.kind.name == 'depth':
        assert (pred >= 0).all()
    elif task.kind.name in ('binary_map', 'edge_map', 'class_label'):
        assert ((pred >= 0) & (pred <= 1)).all()
    if task.kind.spatial:
        assert task.predict(output(task)).shape[-2:] == COARSE


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_probabilities(task, dtype):
    out = output(task).to(dtype)
    probs = task.probs(out, 2.0)
    if probs is None:
        assert not task.prob_view.scope
        return
    assert probs.dtype == torch.float32 and probs.shape[0] == B and probs.shape[2:] == out.shape[2:]
    assert probs.isfinite().all() and (probs >= 0).all()
    if task.prob_view.normalised:
        torch.testing.assert_close(probs.sum(1), torch.ones_like(probs.sum(1)))
        torch.testing.assert_close(task.prob_view.log_probs(out, 2.0).exp(), probs)


def test_pictures(task):
    for value in (task.predict(output(task), SIZE), labels(task), empty(task)):
        picture = task.draw(value)
        assert picture.dtype == torch.uint8 and picture.shape[:2] == (B, 3)
        assert picture.shape[2:] == SIZE or not task.kind.spatial
    assert not task.draw(empty(task)).any()


def test_records_have_one_size_and_no_order(task):
    metric = task.metric()
    preds = task.predict(output(task), SIZE)
    records = torch.stack([metric.record(pred, target) for pred, target in zip(preds, labels(task), strict=True)])
    assert records.dtype in (torch.float64, torch.float32) and records.ndim == 2 and records.device.type == 'cpu'
    nothing = metric.record(preds[0], empty(task)[0])
    assert nothing.shape == records.shape[1:]
    numbers = metric.summarise(records)
    assert list(numbers) == list(metric.names) and metric.primary in numbers
    assert metric.summarise(records[[2, 0, 3, 1]]) == pytest.approx(numbers, rel=1e-12)
    assert metric.summarise(torch.cat([records, nothing[None]])) == pytest.approx(numbers, rel=1e-12)
    if task.kind.spatial:
        smaller = metric.record(preds[0][..., :15, :20], labels(task)[0][..., :15, :20])
        assert smaller.shape == records.shape[1:]
