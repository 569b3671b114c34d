import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn
from torch.nn import functional as F

from mtkd.balance import WeightedSum
from mtkd.models import MultiTaskModel, MultiTaskNet, Trunk
from mtkd.models.heads import LogitsHead
from mtkd.models.necks import PADNetNeck
from mtkd.registry import MODELS
from mtkd.structures import global_ratio

from .tiny import OUT_CHANNELS, TASKS, TinyBackbone, batch, tiny_net

HEIGHT, WIDTH = 8, 12


def model(**kwargs):
    return MultiTaskModel(net=tiny_net(), tasks=kwargs.pop('tasks', TASKS), **kwargs)


def grads(of):
    return {name: p.grad.clone() for name, p in of.named_parameters()}


class Recorder(nn.Module):
    """A distiller of two terms that records its inputs."""

    def __init__(self):
        super().__init__()
        self.projector = nn.Conv2d(5, 5, 1)
        self.term_weights = {'semseg/cs': 4.0, 'shared/at': 0.5}

    def check(self, tap_specs, tasks, net=None, normalise=None):
        self.checked = dict(tap_specs), list(tasks)

    def forward(self, given, taps, tasks):
        self.given, self.taps, self.tasks = given, taps, tasks
        return {'semseg/cs': self.projector(taps['semseg.feat']).square().mean(), 'shared/at': taps['shared'].mean()}


def by_hand(taps, given):
    """The three terms in float64, computed from the outputs of the networks."""
    def out(task):
        return F.interpolate(taps[f'{task}.out'].double(), (HEIGHT, WIDTH), mode='bilinear', align_corners=False)

    semseg, depth, normals = (given['targets'][task] for task in TASKS)
    log_probs = out('semseg').log_softmax(1)
    picked = [-log_probs[b, semseg[b, y, x].item(), y, x] for b in range(3) for y in range(HEIGHT) for x in range(WIDTH)
              if semseg[b, y, x] != 255]
    valid = depth > 0
    metres = (out('depth') - depth).abs()[valid]
    there = (normals != 0).any(1)
    turned = (F.normalize(out('normals'), dim=1) - normals).abs().sum(1)[there]
    return torch.stack([torch.stack(picked).mean(), metres.mean(), turned.mean()])


def test_the_total_is_the_weighted_sum_by_hand():
    made, given = model(), batch()
    taps = made.net(made.data_preprocessor.normalise(given['image']))
    expected = by_hand(taps, given)
    result = made(**given, mode='loss')
    assert list(result) == ['loss', 'semseg/ce', 'depth/l1', 'normals/l1']
    terms = torch.stack([result[name] for name in list(result)[1:]])
    torch.testing.assert_close(terms.double(), expected, rtol=1e-5, atol=1e-6)
    weights = torch.tensor([1.0, 1.0, 10.0], dtype=torch.float64)
    torch.testing.assert_close(result['loss'].double(), (weights * expected).sum(), rtol=1e-5, atol=1e-6)
    assert result['loss'].shape == () and result['loss'].requires_grad
    assert not any(result[name].requires_grad for name in list(result)[1:])


def test_mmengine_adds_up_the_total_alone():
    made = model()
    result = made(**batch(), mode='loss')
    total, logged = made.parse_losses(result)
    assert torch.equal(total, result['loss']) and set(logged) == set(result)


def test_weights_and_balance_are_those_of_the_config():
    tasks = {task: {**cfg, 'weight': weight} for (task, cfg), weight in zip(TASKS.items(), (0.5, 2.0, 3.0), strict=True)}
    given = batch()
    for balance in ({'alpha': 0.1}, {'type': 'WeightedSum', 'alpha': 0.1}, WeightedSum(alpha=0.1)):
        result = model(tasks=tasks, balance=balance)(**given, mode='loss')
        expected = 0.1 * (0.5 * result['semseg/ce'] + 2 * result['depth/l1'] + 3 * result['normals/l1'])
        torch.testing.assert_close(result['loss'].detach(), expected)


class Asking(WeightedSum):
    """Records the arguments that the model passes."""

    def setup(self, weights, net=None, extra=None):
        super().setup(weights, net, extra)
        self.told = net, extra

    def forward(self, terms, extra, extra_weights, taps, present=None, parts=()):
        self.given = taps, present
        return super().forward(terms, extra, extra_weights, taps, present, parts)


def test_a_balance_is_told_the_net_the_distillers_terms_and_who_is_labelled():
    balance, given = Asking(), batch()
    made = model(balance=balance)
    assert balance.told[0] is made.net and not balance.told[1]
    made(**given, mode='loss')
    assert set(balance.given[0]) == set(made.net.tap_specs) and balance.given[1] is given['present']
    balance = Asking()
    model(balance=balance, distiller=Recorder())
    assert set(balance.told[1]) == {'semseg/cs', 'shared/at'}


def test_a_balance_that_cannot_be_is_refused_when_the_model_is_built():
    with pytest.raises(ValueError, match="MGDA needs two or more tasks, but there is only depth"):
        model(tasks={'depth': TASKS['depth']}, balance={'type': 'MGDA'})


def test_tensor_mode_gives_the_taps():
    made, given = model().eval(), batch()
    taps = made(**given)
    assert set(taps) == set(made.net.tap_specs)
    again = made.net(made.data_preprocessor.normalise(given['image']))
    assert all(torch.equal(tap, again[name]) for name, tap in taps.items())


def test_an_unknown_mode():
    with pytest.raises(ValueError, match="mode 'train' is unknown; choose tensor, loss or predict"):
        model()(**batch(), mode='train')


def test_an_absent_task_gives_zero_and_every_parameter_a_gradient():
    made, given = model(), batch()
    given['present']['depth'][:] = False
    result = made(**given, mode='loss')
    result['loss'].backward()
    assert result['depth/l1'] == 0
    for name, gradient in grads(made).items():
        assert torch.isfinite(gradient).all(), name
        assert bool(gradient.any()) != ('heads.depth' in name), name


def test_no_label_at_all_is_zero_and_every_parameter_has_a_gradient():
    made, given = model(), batch()
    for here in given['present'].values():
        here[:] = False
    result = made(**given, mode='loss')
    result['loss'].backward()
    assert all(value == 0 for value in result.values())
    assert all((gradient == 0).all() for gradient in grads(made).values())


def test_an_absent_task_leaves_the_others_as_without_it():
    given, without = batch(), batch()
    without['present']['depth'][:] = False
    with_depth = model(tasks={**TASKS, 'depth': {'type': 'Depth', 'weight': 0.0}})
    with_depth(**given, mode='loss')['loss'].backward()
    absent = model()
    absent(**without, mode='loss')['loss'].backward()
    for name, gradient in grads(with_depth).items():
        torch.testing.assert_close(gradient, grads(absent)[name])


@pytest.mark.parametrize('task', TASKS)
def test_what_an_absent_target_holds_is_never_read(task):
    results = []
    for garbage in (0, 1, 2):
        made, given = model(), batch()
        given['present'][task][0] = False
        target = given['targets'][task]
        target[0] = garbage
        if target.is_floating_point() and garbage == 2:
            target[0] = float('nan')
        result = made(**given, mode='loss')
        result['loss'].backward()
        results.append([result['loss'].detach(), *grads(made).values()])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_predictions_are_per_sample_in_physical_units():
    made, given = model().eval(), batch()
    given['present']['depth'][1] = False
    samples = made(**given, mode='predict')
    assert len(samples) == 3
    taps = made(**given)
    for i, sample in enumerate(samples):
        assert set(sample) == {'pred', 'target', 'present', 'image', 'meta'}
        assert sample['meta'] is given['meta'][i] and torch.equal(sample['image'], given['image'][i])
        assert sample['present'] == {task: bool(given['present'][task][i]) for task in TASKS}
        for name, task in made.tasks.items():
            whole = task.predict(taps[f'{name}.out'], (HEIGHT, WIDTH))
            assert torch.equal(sample['pred'][name], whole[i])
            assert torch.equal(sample['target'][name], given['targets'][name][i])
    assert samples[0]['pred']['semseg'].dtype == torch.uint8 and samples[0]['pred']['depth'].shape == (1, HEIGHT, WIDTH)


def test_padding_is_cut_off():
    made, given = model().eval(), batch()
    whole = made(**given, mode='predict')
    crops = [(1, 2, 6, 7), None, (0, 0, HEIGHT, 5)]
    for meta, crop in zip(given['meta'], crops, strict=True):
        meta['crop'] = crop
    del given['meta'][1]['crop']
    for sample, full, crop in zip(made(**given, mode='predict'), whole, crops, strict=True):
        top, left, height, width = crop or (0, 0, HEIGHT, WIDTH)
        for part in ('pred', 'target'):
            for name, value in sample[part].items():
                assert value.shape[-2:] == (height, width)
                assert torch.equal(value, full[part][name][..., top:top + height, left:left + width])


def test_labels_that_keep_their_own_size_are_predicted_at_it():
    made, given = model().eval(), batch(label_size=(15, 23))
    taps = made(**given)
    for i, sample in enumerate(made(**given, mode='predict')):
        for name, task in made.tasks.items():
            assert sample['pred'][name].shape[-2:] == sample['target'][name].shape[-2:] == (15, 23)
            assert torch.equal(sample['pred'][name], task.predict(taps[f'{name}.out'], (15, 23))[i])


def test_the_state_dict_is_the_network():
    made = model()
    assert set(made.state_dict()) == {f'net.{key}' for key in made.net.state_dict()}
    distilled = model(distiller=Recorder())
    assert {key for key in distilled.state_dict() if not key.startswith('distiller.')} == set(made.state_dict())


def test_a_distiller_is_handed_the_raw_batch_and_its_terms_are_weighted():
    distiller, given = Recorder(), batch()
    made = model(distiller=distiller, balance={'alpha': 0.1})
    specs, tasks = distiller.checked
    assert specs == made.net.tap_specs and tasks == list(TASKS)
    result = made(**given, mode='loss')
    assert list(result) == ['loss', 'semseg/ce', 'depth/l1', 'normals/l1', 'semseg/cs', 'shared/at']
    alone = result['semseg/ce'] + result['depth/l1'] + 10 * result['normals/l1']
    torch.testing.assert_close(result['loss'].detach(), 0.1 * alone + 4 * result['semseg/cs'] + 0.5 * result['shared/at'])
    assert not result['semseg/cs'].requires_grad
    assert distiller.given['image'].dtype == torch.uint8 and torch.equal(distiller.given['image'], given['image'])
    assert distiller.given['teacher'] == {} and distiller.tasks is made.tasks
    assert set(distiller.taps) == set(made.net.tap_specs)
    result['loss'].backward()
    assert distiller.projector.weight.grad.abs().sum() > 0


def test_cached_teacher_taps_reach_the_distiller():
    distiller, cached = Recorder(), {'big': {'depth.out': torch.ones(3, 1, 2, 2)}}
    model(distiller=distiller)(**batch(), teacher=cached, mode='loss')
    assert distiller.given['teacher'] is cached


def test_a_distiller_does_not_run_for_predictions():
    distiller = Recorder()
    model(distiller=distiller).eval()(**batch(), mode='predict')
    assert not hasattr(distiller, 'given')


def test_built_from_a_config():
    made = MODELS.build({
        'type': 'MultiTaskModel', 'tasks': TASKS, 'balance': {'type': 'WeightedSum', 'alpha': 0.5},
        'data_preprocessor': {'type': 'Preprocessor', 'mean': (0, 0, 0), 'std': (1, 1, 1)},
        'net': {'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet'}, 'head': {'type': 'FCNHead', 'channels': 8}}})
    assert made.balance.alpha == 0.5 and made.net.tasks == tuple(TASKS)
    assert {task: made.net.tap_specs[f'{task}.out'].channels for task in TASKS} == OUT_CHANNELS
    assert made.data_preprocessor.normalise(torch.full((1, 3, 1, 1), 7)).unique().tolist() == [7]


def test_channels_last_is_of_weights_and_pictures():
    def kernel(channels_last):
        return model(data_preprocessor={'channels_last': channels_last}).net.trunk.backbone.second.weight

    assert kernel(True).is_contiguous(memory_format=torch.channels_last)
    assert kernel(False).is_contiguous() and torch.equal(kernel(True), kernel(False))


def test_init_weights_keeps_what_was_loaded():
    made = model()
    before = {key: value.clone() for key, value in made.state_dict().items()}
    made.init_weights()
    assert all(torch.equal(value, before[key]) for key, value in made.state_dict().items())


def test_a_training_step_lowers_the_total():
    made, given = model(), batch()
    wrapper = OptimWrapper(torch.optim.SGD(made.parameters(), lr=0.01))
    totals = [made.train_step(given, wrapper)['loss'].item() for _ in range(15)]
    assert totals[-1] < totals[0]


def predicting_twice():
    """A network whose tasks are predicted once before they exchange."""
    torch.manual_seed(0)
    backbone = TinyBackbone()
    neck = PADNetNeck(backbone.channels, backbone.strides, OUT_CHANNELS, channels=4)
    heads = {task: LogitsHead(4, channels) for task, channels in OUT_CHANNELS.items()}
    return MultiTaskModel(net=MultiTaskNet(Trunk(backbone, neck), heads, OUT_CHANNELS), tasks=TASKS)


def test_predictions_on_the_way_are_supervised_by_the_tasks_own_loss_and_weight():
    made, given = predicting_twice().eval(), batch()
    result, taps = made(**given, mode='loss'), made(**given)
    terms = {name.split('/')[0]: name.split('/')[1] for name in result if '/' in name and 'aux' not in name}
    expected = 0.0
    for name, task in made.tasks.items():
        for tap, term in ((f'{name}.out', terms[name]), (f'{name}.aux', f'aux_{terms[name]}')):
            by_hand, = (global_ratio(*value) for value in task.losses(taps[tap], given['targets'][name]).values())
            torch.testing.assert_close(result[f'{name}/{term}'], by_hand)
            expected = expected + task.weight * by_hand
    torch.testing.assert_close(result['loss'], expected)
    assert len(result) == 1 + 2 * len(TASKS)


def test_an_absent_task_leaves_its_predictions_on_the_way_a_zero_gradient():
    made, given = predicting_twice(), batch()
    given['present']['depth'][:] = False
    made(**given, mode='loss')['loss'].backward()
    assert not made.net.trunk.neck.aux['depth'].weight.grad.any()
    assert made.net.trunk.neck.aux['semseg'].weight.grad.any()
