"""Heads, teachers and links that run only on the samples that count for them train exactly as if they ran on all."""

import copy

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mtkd.models import MultiTaskModel
from mtkd.structures import RoutingPlan

from .distill.ranks import on_two_ranks

NAMES = ('digit', 'letter', 'kind')
TASKS = {name: {'type': 'Classification', 'num_classes': 3 + number} for number, name in enumerate(NAMES)}
BACKBONE = {'type': 'MultiLeNet', 'in_size': 16, 'dropout': 0.5}
CONVS = {'type': 'TimmBackbone', 'name': 'resnet10t', 'pretrained': False}
DENSE = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 3}, 'depth': {'type': 'Depth'}}
NET = {'backbone': BACKBONE, 'neck': {'type': 'OneScaleNeck'}, 'head': {'type': 'MLPHead', 'channels': 12, 'dropout': 0.5}}
SCALE = {'mean': (127.5,) * 3, 'std': (60.0,) * 3}
ADAPTOR = {'loss': {'type': 'NormalisedL2'}, 'student': 'shared', 'teacher': '{task}:shared', 'where': 'labelled',
           'weight': 5.0, 'projector': {'type': 'Linear1x1'}}
SOFT = {'loss': {'type': 'PlainKD', 'tau': 2.0}, 'teacher': '{task}:{task}.out', 'name': 'soft'}
LINKS = {
    'none': None,
    'adaptors': {'each_task': ADAPTOR},
    'outputs, labelled': {'each_task': {**SOFT, 'where': 'labelled'}},
    'outputs, unlabelled': {'each_task': {**SOFT, 'where': 'unlabelled'}},
    'outputs, all': {'each_task': SOFT},
    'both': {'each_task': [ADAPTOR, {**SOFT, 'where': 'unlabelled'}]}}
BALANCES = (None, {'type': 'MGDA'}, {'type': 'PCGrad', 'level': 'params', 'heads': 'weighted'}, {'type': 'Uncertainty'})


def teacher(task):
    return {'net': NET, 'tasks': {task: TASKS[task]}, 'allow_random': True, **SCALE}


def model(links='adaptors', balance=None):
    torch.manual_seed(1)  # with 0, a near tie differs in float32; in float64, eight seeds are bit-equal
    distiller = LINKS[links] and {'teachers': {task: teacher(task) for task in NAMES}, 'links': LINKS[links]}
    return MultiTaskModel(net=NET, tasks=TASKS, balance=balance, distiller=distiller, data_preprocessor=dict(SCALE)).train()


def batch(seed, labelled=(3, 2, 1), bare=1):
    """Samples labelled for one task each in random order, and some for none."""
    rng = torch.Generator().manual_seed(seed)
    of = [task for task, count in enumerate(labelled) for _ in range(count)] + [-1] * bare
    of = torch.tensor(of)[torch.randperm(len(of), generator=rng)]
    targets = {name: torch.where(of == number, torch.randint(0, 3, of.shape, generator=rng), -1)
               for number, name in enumerate(NAMES)}
    return {'image': torch.randint(0, 256, (len(of), 3, 16, 16), generator=rng).byte(), 'targets': targets,
            'present': {name: of == number for number, name in enumerate(NAMES)},
            'meta': [{'dataset': 'toy', 'index': i, 'crop': None} for i in range(len(of))], 'teacher': {}}


def trained(made, batches, routed=True):
    """Logged terms of each step, and the weights after the last."""
    if not routed:
        made.data_preprocessor.routing_plan = RoutingPlan()
    optimizer = OptimWrapper(torch.optim.SGD(made.parameters(), lr=0.05, momentum=0.9))
    terms = []
    for number, given in enumerate(batches):
        torch.manual_seed(number)
        terms.append(made.train_step(given, optimizer))
    return terms, {name: value.clone() for name, value in made.state_dict().items()}


def same(ours, theirs):
    for mine, other in zip(ours[0], theirs[0], strict=True):
        for name in other:
            torch.testing.assert_close(mine[name], other[name], msg=lambda text, name=name: f'{name}: {text}')
    for name, value in theirs[1].items():
        torch.testing.assert_close(ours[1][name], value, msg=lambda text, name=name: f'{name}: {text}')


@pytest.mark.filterwarnings('ignore:A teacher has no checkpoint')
@pytest.mark.parametrize('links', list(LINKS))
@pytest.mark.parametrize('balance', BALANCES, ids=lambda cfg: cfg['type'] if cfg else 'sum')
def test_the_trajectory_is_that_of_all_samples(links, balance):
    made = model(links, balance)
    batches = [batch(0), batch(1, (1, 4, 2), 0), batch(2, (0, 3, 3), 2), batch(3, (6, 0, 0), 0)]
    whole = copy.deepcopy(made)
    assert bool(made.data_preprocessor.routing_plan) == (links != 'outputs, all')
    same(trained(made, batches), trained(whole, batches, routed=False))


@pytest.mark.filterwarnings('ignore:A teacher has no checkpoint')
def test_cached_teachers():
    made = model('both')
    batches = [batch(seed) for seed in range(3)]
    for given in batches:
        given['teacher'] = {name: {tap: value.clone() for tap, value in made.distiller.teachers[name](
            given['image'], made.distiller.needed_taps(name)).items()} for name in NAMES}
    whole = copy.deepcopy(made)
    same(trained(made, batches), trained(whole, batches, routed=False))


class Counter(nn.Module):
    """Counts the images that a network or a layer receives."""

    def __init__(self, part):
        super().__init__()
        self.pictures = []
        part.register_forward_pre_hook(lambda module, given: self.pictures.append(len(given[0])))


@pytest.mark.filterwarnings('ignore:A teacher has no checkpoint')
def test_teachers_and_heads_run_once_a_step_on_their_own_samples():
    made = model('adaptors')
    teachers = {name: Counter(made.distiller.teachers[name].net) for name in NAMES}
    heads = {name: Counter(made.net.heads[name].logits) for name in NAMES}
    trained(made, [batch(0, (3, 2, 1), 4)])
    assert {name: counter.pictures for name, counter in teachers.items()} == {'digit': [3], 'letter': [2], 'kind': [1]}
    assert {name: counter.pictures for name, counter in heads.items()} == {'digit': [3], 'letter': [2], 'kind': [1]}


@pytest.mark.filterwarnings('ignore:A teacher has no checkpoint')
def test_a_teacher_of_several_links_runs_once_on_the_union():
    torch.manual_seed(1)
    both = {'net': NET, 'tasks': {'digit': TASKS['digit'], 'letter': TASKS['letter']}, 'allow_random': True, **SCALE}
    links = [{'task': task, 'loss': {'type': 'PlainKD', 'tau': 1.0}, 'where': 'labelled', 'teacher': 'one'}
             for task in ('digit', 'letter')]
    made = MultiTaskModel(net=NET, tasks=TASKS, distiller={'teachers': {'one': both}, 'links': links},
                          data_preprocessor=dict(SCALE)).train()
    counter = Counter(made.distiller.teachers['one'].net)
    trained(made, [batch(0, (3, 2, 1), 4)])
    assert counter.pictures == [5]


@pytest.mark.filterwarnings('ignore:A teacher has no checkpoint')
def test_what_looks_across_samples_runs_on_all():
    torch.manual_seed(1)
    made = MultiTaskModel(net={'head': {'type': 'FCNHead', 'norm': 'batch'}, 'backbone': CONVS}, tasks=DENSE,
                          data_preprocessor=dict(SCALE))
    assert not made.data_preprocessor.routing_plan
    moving = {name: {**teacher(name), 'teacher_train_mode': True} for name in NAMES}
    made = MultiTaskModel(net=NET, tasks=TASKS, distiller={'teachers': moving, 'links': LINKS['adaptors']},
                          data_preprocessor=dict(SCALE)).train()
    counter = Counter(made.distiller.teachers['digit'].net)
    trained(made, [batch(0, (3, 2, 1), 4)])
    assert counter.pictures == [10]


def test_predictions_are_of_all_samples():
    given = model('none').eval()
    data = given.data_preprocessor(batch(0), False)
    assert 'rows' not in data
    assert len(given(**data, mode='predict')) == 7


def on_a_rank(rank, ranks):
    """Gradients on this rank's part of a batch in which all of ``digit`` is on the first rank; routed, and with all samples.
    """
    found = {}
    for routed in (True, False):
        made = model('both', {'type': 'MGDA'})
        if not routed:
            made.data_preprocessor.routing_plan = RoutingPlan()
        wrapped = DistributedDataParallel(made)
        torch.manual_seed(rank)
        wrapped(**made.data_preprocessor(sharded(rank, ranks), True), mode='loss')['loss'].backward()
        found['routed' if routed else 'whole'] = {name: p.grad.clone() for name, p in made.named_parameters()}
    return found


def sharded(rank, ranks):
    """One part of a batch, with the samples ordered by task."""
    whole = batch(0, (2, 2, 3), 1)
    order = torch.argsort(torch.stack([whole['present'][name] for name in NAMES]).float().argmax(0), stable=True)
    mine = order[rank * 8 // ranks:(rank + 1) * 8 // ranks]
    return {'image': whole['image'][mine], 'targets': {task: value[mine] for task, value in whole['targets'].items()},
            'present': {task: value[mine] for task, value in whole['present'].items()},
            'meta': [whole['meta'][number] for number in mine.tolist()], 'teacher': {}}


@pytest.mark.slow
def test_two_ranks_with_uneven_rows(tmp_path):
    first, second = on_two_ranks(on_a_rank, tmp_path)
    assert sharded(0, 2)['present']['digit'].any() and not sharded(1, 2)['present']['digit'].any()
    for name, grad in first['whole'].items():
        torch.testing.assert_close(first['routed'][name], grad, msg=lambda text, name=name: f'{name}: {text}')
        assert torch.equal(first['routed'][name], second['routed'][name]), name


SHARED = {'big': {'net': NET, 'tasks': TASKS, 'allow_random': True, **SCALE}}


@pytest.mark.parametrize('routed', [True, False])
@pytest.mark.parametrize('where', ['labelled', 'unlabelled', 'all'])
def test_a_teacher_of_several_tasks_and_links_looks_once_a_step(routed, where):
    links = {'each_task': [{**ADAPTOR, 'teacher': 'big:shared', 'where': where},
                           {**SOFT, 'teacher': 'big:{task}.out', 'where': where}]}
    torch.manual_seed(1)
    made = MultiTaskModel(net=NET, tasks=TASKS, distiller={'teachers': SHARED, 'links': links},
                          data_preprocessor=dict(SCALE)).train()
    looked, look = [], made.distiller.teachers['big'].forward
    made.distiller.teachers['big'].forward = lambda image, *given: looked.append(len(image)) or look(image, *given)
    given = [batch(seed, bare=2) for seed in range(3)]
    trained(made, given, routed)
    assert len(looked) == 3, 'one transfer per step, for three tasks and six links'
    assert all(count <= len(each['image']) for count, each in zip(looked, given, strict=True))
