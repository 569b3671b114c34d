"""Properties of every task, and the behaviour of its base class."""

import pytest
import torch

from mtkd.losses import TaskLoss
from mtkd.metrics import TaskMetric
from mtkd.registry import LOSSES, TASKS
from mtkd.structures import global_ratio
from mtkd.tasks import Depth, Edge, Task, build_tasks
from mtkd.tasks.task import override

CONFIGS = {
    'semseg': {'type': 'SemanticSegmentation', 'num_classes': 6}, 'human_parts': {'type': 'HumanParts'},
    'sal': {'type': 'Saliency'}, 'sal_one': {'type': 'Saliency', 'num_channels': 1}, 'depth': {'type': 'Depth'},
    'normals': {'type': 'Normals'}, 'edge': {'type': 'Edge'}, 'age': {'type': 'Age'},
    'shape': {'type': 'Classification', 'num_classes': 9}}
SIZE = (12, 16)


def labels(task, size=SIZE):
    """Two labels of the task's kind, the second partly invalid."""
    rng = torch.Generator().manual_seed(0)
    if task.kind.name == 'depth':
        target = torch.rand(2, 1, *size, generator=rng) * 8 + 0.5
    elif task.kind.name == 'normals':
        target = torch.nn.functional.normalize(torch.randn(2, 3, *size, generator=rng), dim=1)
    elif task.kind.name == 'class_label':
        return torch.tensor([3, -1])
    elif task.kind.name == 'scalar':
        return torch.tensor([31.5, float('nan')])
    else:
        num_classes = 2 if task.kind.name in ('binary_map', 'edge_map') else task.out_channels
        target = torch.randint(0, num_classes, (2, *size), generator=rng).byte()
    target[1, ..., :3, :] = task.kind.pad_value
    return target


def output(task):
    shape = (3, 4) if task.kind.spatial else ()
    return torch.randn(2, task.out_channels, *shape, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=CONFIGS)
def task(request):
    return build_tasks({request.param: CONFIGS[request.param]})[request.param]


def test_every_task_is_tested():
    build_tasks(CONFIGS)
    ours = {name for name, cls in TASKS.module_dict.items() if cls.__module__.startswith('mtkd.tasks')}
    assert ours == {part['type'] for part in CONFIGS.values()}


def test_losses_are_sums_and_counts_with_a_gradient(task):
    out, target = output(task).requires_grad_(), labels(task)
    terms = task.losses(out, target)
    assert terms and not any('loss' in term or '/' in term for term in terms)
    for total, count in terms.values():
        assert total.shape == count.shape == (2,)
        assert count[1] < count[0]
        global_ratio(total, count).backward(retain_graph=True)
    assert torch.isfinite(out.grad).all() and (out.grad[0] != 0).any()


def test_a_head_of_the_wrong_kind_is_named(task):
    out = output(task)
    other = out.mean((2, 3)) if task.kind.spatial else out[:, :, None, None].expand(-1, -1, 3, 4)
    with pytest.raises(ValueError, match='its head outputs a tensor of shape .*such as (LinearHead|FCNHead)'):
        task.losses(other, labels(task))


def test_absent_labels_are_zero_with_a_graph(task):
    out = output(task).requires_grad_()
    empty = task.kind.to_tensor(task.kind.empty(SIZE))
    for total, count in task.losses(out, torch.stack([empty, empty])).values():
        value = global_ratio(total, count)
        value.backward()
        assert value == 0 and (out.grad == 0).all()


def test_loss_is_that_of_the_resized_output(task):
    out, target = output(task), labels(task)
    resized = task.resize(out, SIZE)
    assert resized.shape[-2:] == SIZE or not task.kind.spatial
    for term, (total, _) in task.losses(resized, target).items():
        assert torch.equal(total, task.losses(out, target)[term][0])


def test_prediction_feeds_the_metric(task):
    pred, target = task.predict(output(task), SIZE), labels(task)
    metric = task.metric()
    assert isinstance(metric, TaskMetric) and metric is not task.metric()
    if not metric.slow:
        numbers = metric.summarise(torch.stack([metric.record(p, t) for p, t in zip(pred, target, strict=True)]))
        assert set(numbers) == set(metric.names)


def test_half_precision_output_predicts_in_float(task):
    pred = task.predict(output(task).bfloat16(), SIZE)
    assert pred.dtype in (torch.float32, torch.uint8)
    assert task.probs(output(task).bfloat16(), 1.0).dtype == torch.float32


def test_probs_are_a_distribution_at_the_outputs_own_size(task):
    out = output(task)
    probs = task.probs(out, 2.0)
    assert probs.shape[2:] == out.shape[2:]
    torch.testing.assert_close(probs.sum(1), torch.ones_like(probs.sum(1)))


def test_pictures_of_predictions_and_labels(task):
    for value in (task.predict(output(task), SIZE), labels(task)):
        picture = task.draw(value)
        assert picture.dtype == torch.uint8 and picture.device.type == 'cpu' and picture.shape[:2] == (2, 3)
        assert picture.shape[2:] == SIZE or not task.kind.spatial
        assert picture[0].any()


def test_invalid_is_black(task):
    picture = task.draw(labels(task))
    assert not (picture[1, :, :3] if task.kind.spatial else picture[1]).any()


@pytest.mark.parametrize('name, weight', [
    ('semseg', 1), ('depth', 1), ('normals', 10), ('edge', 50), ('human_parts', 2), ('sal', 5)])
def test_default_weights_are_those_of_the_fact_sheet(name, weight):
    assert build_tasks({name: CONFIGS[name]})[name].weight == weight


def test_resize_is_bilinear_without_aligned_corners():
    out = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)
    resized = Depth().resize(out, (1, 4))
    torch.testing.assert_close(resized.flatten(), torch.tensor([0.0, 0.25, 0.75, 1.0]))
    assert torch.equal(Depth().resize(out, None), out)


def test_override_changes_arguments_or_the_whole_part():
    default = {'type': 'EdgeBCE', 'w_pos': 0.8}
    assert override(default, None) == default
    assert override(default, {'w_pos': 0.95}) == {'type': 'EdgeBCE', 'w_pos': 0.95}
    assert override(default, 'EdgeBCE') == default
    assert override(default, {'type': 'L1Depth'}) == {'type': 'L1Depth'}
    assert override(default, 'L1Depth') == {'type': 'L1Depth'}
    assert Edge(loss={'w_pos': 0.95}).loss.w_pos == 0.95


def test_a_part_of_another_type():
    task = Depth(prob_view='none', loss={'type': 'L1Depth'})
    assert task.probs(torch.ones(1, 1, 2, 2)) is None


def test_a_term_called_loss_is_refused():
    class Named(TaskLoss):
        term = 'my_loss'

    LOSSES.register_module(name='_Named', module=Named, force=True)
    try:
        with pytest.raises(ValueError, match="calls its term 'my_loss'"):
            Depth(loss='_Named')
    finally:
        LOSSES.module_dict.pop('_Named')


def test_negative_weight_is_refused():
    with pytest.raises(ValueError, match="'depth': its weight is -1"):
        Depth(weight=-1)


def test_the_base_class_says_what_is_missing():
    class Bare(Task):
        kind = Depth.kind

    task = Bare('bare', 1, {'type': 'L1Depth'}, {'type': 'DepthError'}, {'type': 'none'}, 1.0)
    with pytest.raises(TypeError, match='Bare does not predict'):
        task.predict(torch.zeros(1, 1, 2, 2))
    with pytest.raises(TypeError, match='Bare does not draw'):
        task.draw(torch.zeros(1, 1, 2, 2))
    assert repr(task) == "Bare('bare', weight=1.0)"
