import copy

import pytest
import torch
from torch import nn

from mtkd.distill import CauchySchwarz, Distiller, FitNets, Link, PlainKD, Teacher
from mtkd.distill.base_link import BaseLink
from mtkd.models import build_net
from mtkd.registry import LINKS, MODELS
from mtkd.tasks import build_tasks

from .nets import MEAN, STD, TinyNet, batch, normalised, tasks

TASKS = tasks()
CS = {'type': 'CauchySchwarz'}


def teacher(seed: int = 7, **options) -> Teacher:
    return Teacher(TinyNet(seed=seed, **options), mean=MEAN, std=STD)


def make(links=None, teachers=None, weight=1.0) -> Distiller:
    distiller = Distiller(teachers or {'big': teacher()}, links or {'each_task': {'loss': CS}}, weight)
    distiller.check(TinyNet().tap_specs, TASKS)
    return distiller


def run(distiller: Distiller, net: nn.Module | None = None, data=None) -> dict[str, torch.Tensor]:
    data = data or batch()
    return distiller(data, (net or TinyNet().eval())(normalised(data['image'])), TASKS)


def test_a_template_makes_a_link_per_task():
    distiller = make(weight=2.0, links={'each_task': {'loss': CS, 'weight': 0.5}})
    names = [f'{task}/cs_{term}' for task in ('semseg', 'depth') for term in ('inter', 'intra')]
    terms = run(distiller)
    assert list(terms) == names and distiller.term_weights == dict.fromkeys(names, 1.0)
    assert all(value.shape == () and value > 0 and value.requires_grad for value in terms.values())


def test_terms_come_unweighted():
    torch.testing.assert_close(run(make(weight=5.0)), run(make()))


def test_templates_fill_in_the_task():
    kd4mtl = {'each_task': [
        {'loss': {'type': 'NormalisedL2'}, 'student': 'shared', 'teacher': '{task}:shared',
         'projector': {'type': 'Linear1x1'}},
        {'loss': {'type': 'NormalisedL2'}, 'student': '{task}.feat', 'teacher': '{task}:{task}.feat', 'name': 'last'}]}
    distiller = make(kd4mtl, {'semseg': teacher(1, semseg=5), 'depth': teacher(2, depth=1)})
    assert list(run(distiller)) == ['semseg/l2', 'depth/l2', 'semseg/last_l2', 'depth/last_l2']
    assert distiller.needed_taps('depth') == ('shared', 'depth.feat')
    assert len(list(distiller.parameters())) == 2


def test_both_templates_and_lists():
    distiller = make({'each_task': {'loss': {'type': 'CauchySchwarz', 'terms': ('intra',)}},
                      'all_tasks': {'loss': {'type': 'CauchySchwarz', 'terms': ('inter',)}}})
    assert list(run(distiller)) == ['semseg/cs_intra', 'depth/cs_intra', 'shared/cs_inter']
    assert list(run(make([{'task': 'depth', 'loss': CS}, Link(PlainKD(), 'semseg')]))) == [
        'depth/cs_inter', 'depth/cs_intra', 'semseg/kd']


def test_equal_names_get_the_tap():
    links = [Link(FitNets(), 'semseg', student=tap) for tap in ('shared', 'semseg.feat')]
    assert list(run(make(links))) == ['semseg/fitnets_shared', 'semseg/fitnets_semseg.feat']
    with pytest.raises(ValueError, match='different names'):
        make([Link(FitNets(), 'semseg', student='shared') for _ in range(2)])


def test_a_template_leaves_out_tasks_without_a_view():
    skipping = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5},
                            'depth': {'type': 'Depth', 'prob_view': 'none'}})
    distiller = Distiller({'big': teacher()}, {'each_task': {'loss': CS}})
    distiller.check(TinyNet().tap_specs, skipping)
    assert list(distiller.term_weights) == ['semseg/cs_inter', 'semseg/cs_intra']


def test_a_teacher_runs_once_a_step_and_not_when_cached():
    calls = []
    distiller = make()
    distiller.teachers['big'].net.register_forward_hook(lambda *_: calls.append(1))
    data = batch()
    wanted = run(distiller, data=data)
    assert len(calls) == 1
    data['teacher'] = {'big': {tap: distiller.teachers['big'](data['image'])[tap] for tap in distiller.needed_taps('big')}}
    calls.clear()
    torch.testing.assert_close(run(distiller, data=data), wanted)
    assert not calls
    del data['teacher']['big']['depth.out']
    torch.testing.assert_close(run(distiller, data=data), wanted)
    assert len(calls) == 1


def test_gradients_reach_student_and_projector_but_no_teacher():
    net = TinyNet()
    distiller = make({'each_task': [{'loss': CS}, {'loss': {'type': 'FitNets'}, 'student': '{task}.feat',
                                                        'projector': {'type': 'NonLinear'}}]}, {'big': teacher(width=6)})
    before = distiller.teachers['big'].weights_hash()
    optimiser = torch.optim.Adam([*net.parameters(), *distiller.parameters()], lr=.01)
    values = []
    torch.manual_seed(0)
    for _ in range(8):
        total = sum(run(distiller, net).values())
        optimiser.zero_grad()
        total.backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in (*net.parameters(), *distiller.parameters()))
        optimiser.step()
        values.append(float(total.detach()))
    assert values[-1] < values[0] and distiller.teachers['big'].weights_hash() == before


def test_keys_are_the_projectors_only():
    distiller = make([{'task': 'semseg', 'loss': {'type': 'FitNets'}, 'student': 'shared',
                      'projector': {'type': 'Linear1x1'}},
                      {'task': 'depth', 'loss': CS}])
    assert list(distiller.state_dict()) == ['links.0.projector.0.weight']
    assert copy.deepcopy(distiller).teachers['big'] is distiller.teachers['big']


def test_a_student_like_its_teacher_has_nothing_to_learn():
    big = teacher()
    terms = run(make({'each_task': {'loss': {**CS, 'min_mass': 0.1}}}, {'big': big}), big.net)
    assert all(abs(float(value.detach())) < 1e-6 for value in terms.values())


def test_no_label_anywhere_changes_nothing_and_restricting_to_labels_gives_zero():
    data = batch()
    data['present'] = {task: torch.zeros(4, dtype=torch.bool) for task in TASKS}
    torch.testing.assert_close(run(make(), data=data), run(make()))
    none = run(make({'each_task': {'loss': CS, 'where': 'labelled'}}), data=data)
    assert all(value == 0 and value.requires_grad for value in none.values())


def test_teacher_configs_are_built_with_the_student_s_tasks():
    cfg = {'net': {'backbone': {'type': 'TimmBackbone', 'name': 'resnet10t'}, 'head': {'type': 'FCNHead', 'channels': 4}},
               'allow_random': True}
    with pytest.warns(UserWarning, match='keeps the weights'):
        distiller = make(teachers={'big': cfg})
    assert distiller.teachers['big'].tap_specs['semseg.out'].channels == 5


def test_begin_step_reaches_weights_links_and_teachers():
    met = []

    class Following(Teacher):
        def meet(self, student, normalise=None):
            met.append(student)

        def begin_step(self, progress):
            met.append(progress)

    net = TinyNet()
    distiller = Distiller({'big': Following(TinyNet(seed=7), mean=MEAN, std=STD)},
                          [{'task': 'semseg', 'loss': CS, 'weight': 3.0, 'warmup': 0.5}, Link(PlainKD(), 'semseg')], 2.0)
    distiller.check(net.tap_specs, TASKS, net)
    assert distiller.term_weights['semseg/cs_inter'] == 6.0
    weights = distiller.term_weights
    distiller.begin_step(0.25)
    assert met == [net, 0.25] and [link.progress for link in distiller.links] == [0.25] * 2
    assert weights is distiller.term_weights and weights == {'semseg/cs_inter': 3.0, 'semseg/cs_intra': 3.0,
                                                             'semseg/kd': 2.0}
    distiller.begin_step(0.75)
    assert weights['semseg/cs_inter'] == 6.0


def test_a_link_of_another_type():
    @LINKS.register_module(name='MeanOut')
    class MeanOut(BaseLink):
        def __init__(self, tasks, weight=1.0):
            super().__init__()
            self.task_names, self.weight = tuple(tasks), weight
            self.terms = tuple(f'{task}/mean' for task in tasks)

        def forward(self, batch, taps, seen, tasks):
            return {term: taps[f'{task}.out'].mean() for term, task in zip(self.terms, self.task_names, strict=True)}

    try:
        for links in ([{'type': 'MeanOut', 'tasks': ['semseg', 'depth'], 'weight': 3.0}],
                      {'all_tasks': {'type': 'MeanOut', 'weight': 3.0}}):
            distiller = Distiller({}, links)
            distiller.check(TinyNet().tap_specs, TASKS)
            assert distiller.term_weights == {'semseg/mean': 3.0, 'depth/mean': 3.0}
            assert list(run(distiller)) == ['semseg/mean', 'depth/mean']
    finally:
        LINKS.module_dict.pop('MeanOut')


def test_templates_fill_in_the_task_of_several_taps():
    distiller = make({'each_task': {'loss': {'type': 'FitNets'}, 'student': ['{task}.feat'],
                                    'teacher': ['big:{task}.feat']}})
    assert [link.student_taps for link in distiller.links] == [('semseg.feat',), ('depth.feat',)]
    assert distiller.needed_taps('big') == ('semseg.feat', 'depth.feat')


def test_is_a_registered_model_part():
    assert MODELS.get('Distiller') is Distiller


@pytest.mark.parametrize(('links', 'teachers', 'words'), [
    ([], {'big': teacher()}, 'no links'),
    ({'every_task': {'loss': CS}}, {'big': teacher()}, 'each_task'),
    ([{'task': 'semseg', 'loss': CS, 'teacher': 'a'}], {'a': teacher(), 'b': teacher()}, 'No link uses teacher b'),
    ([{'task': 'semseg', 'loss': CS}], {'a.b': teacher()}, 'cannot be called'),
    ([{'task': 'semseg', 'loss': CS}], {'a': teacher(depth=1)}, "'semseg.out' does not exist")])
def test_what_cannot_be_is_refused(links, teachers, words):
    with pytest.raises(ValueError, match=words):
        Distiller(teachers, links).check(TinyNet().tap_specs, TASKS)


def test_a_term_with_loss_in_its_name_is_refused():
    class Bad(CauchySchwarz):
        def __init__(self) -> None:
            super().__init__()
            self.terms = ('cs_loss',)
            self.directions = {'cs_loss': 'inter'}

    with pytest.raises(ValueError, match='MMEngine'):
        make([Link(Bad(), 'semseg')])


MID_AND_LAST = [{'name': name, 'loss': {'type': 'NormalisedL2'}, 'student': tap, 'teacher': '{task}:' + tap,
                 'weight': {'semseg': 1.0, 'depth': 2.0}, 'projector': {'type': 'Linear1x1'}}
                for name, tap in (('mid', 'trunk.0'), ('last', 'shared'))]
SEGNET = {'backbone': {'type': 'SegNet', 'width': 1 / 16}, 'neck': {'type': 'OneScaleNeck'},
          'head': {'type': 'ConvPairHead'}}
SINGLE = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'}}


def single_task_teachers(**options) -> dict[str, dict]:
    """Configs of teachers with one head each, for their own task, as ``prerequisites/earlier_runs.py`` makes them."""
    return {task: {'net': SEGNET, 'tasks': {task: cfg}, 'allow_random': True, **options} for task, cfg in SINGLE.items()}


def kd4mtl(**options) -> tuple[nn.Module, Distiller]:
    torch.manual_seed(0)
    student = build_net(SEGNET, {'semseg': 5, 'depth': 1})
    distiller = Distiller(single_task_teachers(**options), {'each_task': MID_AND_LAST})
    with pytest.warns(UserWarning, match='keeps the weights'):
        distiller.check(student.tap_specs, TASKS)
    return student, distiller


def test_a_single_task_teacher_for_each_task_and_two_levels():
    student, distiller = kd4mtl()
    assert {name: list(part.net.heads) for name, part in distiller.teachers.items()} == {
        'semseg': ['semseg'], 'depth': ['depth']}
    data = batch((32, 64))
    taps = student(normalised(data['image']))
    terms = distiller(data, taps, TASKS)
    assert distiller.term_weights == {'semseg/mid_l2': 1.0, 'depth/mid_l2': 2.0, 'semseg/last_l2': 1.0, 'depth/last_l2': 2.0}
    for (name, term), link in zip(terms.items(), distiller.links, strict=True):
        tap, task = link.student_taps[0], name.split('/')[0]
        wanted = distiller.teachers[task](data['image'])[tap]
        a, b = (v * (v.square().sum(1, keepdim=True) + 1e-6).rsqrt() for v in (link.projector(taps[tap]), wanted))
        torch.testing.assert_close(term, (a - b).square().sum(1).mean())
    sum(terms.values()).backward()
    assert all(p.grad.any() for p in distiller.parameters()) and len(list(distiller.parameters())) == 4
    assert student.heads['depth'].conv.weight.grad is None  # there is no task loss here


def test_features_that_a_trunk_makes_for_a_task():
    torch.manual_seed(0)
    net = {'trunk': {'type': 'MTAN', 'width': 1 / 16}, 'head': {'type': 'ConvPairHead'}}
    student = build_net(net, {'semseg': 5, 'depth': 1})
    teachers = {task: {**cfg, 'net': net} for task, cfg in single_task_teachers().items()}
    distiller = Distiller(teachers, {'each_task': [
        {'name': name, 'loss': {'type': 'NormalisedL2'}, 'student': tap, 'teacher': '{task}:' + tap,
         'projector': {'type': 'Linear1x1', 'init': 'default'}}
        for name, tap in (('mid', '{task}.mid'), ('last', '{task}.in'))]})
    with pytest.warns(UserWarning, match='keeps the weights'):
        distiller.check(student.tap_specs, TASKS)
    assert distiller.needed_taps('depth') == ('depth.mid', 'depth.in')
    data = batch((32, 64))
    terms = distiller(data, student(normalised(data['image'])), TASKS)
    assert list(terms) == ['semseg/mid_l2', 'depth/mid_l2', 'semseg/last_l2', 'depth/last_l2']
    terms['depth/last_l2'].backward()
    assert student.trunk.attention['depth'].decoder[-1][0].weight.grad.any()
    assert student.trunk.attention['semseg'].decoder[-1][0].weight.grad is None


@pytest.mark.parametrize('train_mode', [False, True])
def test_statistics_of_several_teachers_drift_in_train_mode_only(train_mode):
    student, distiller = kd4mtl(teacher_train_mode=train_mode)
    distiller.train()
    before = {name: (part.weights_hash(), [p.clone() for p in part.net.parameters()])
              for name, part in distiller.teachers.items()}
    data = batch((32, 64))
    for _ in range(2):
        sum(distiller(data, student(normalised(data['image'])), TASKS).values()).backward()
    for name, part in distiller.teachers.items():
        fingerprint, parameters = before[name]
        assert (part.weights_hash() != fingerprint) == train_mode
        assert all(torch.equal(p, q) and p.grad is None for p, q in zip(part.net.parameters(), parameters, strict=True))


@pytest.mark.parametrize(('change', 'words'), [
    ({'weight': {'semseg': 1.0, 'depth': 2.0, 'normals': 1.0}}, "has an unknown task, 'normals'"),
    ({'weight': {'semseg': 1.0}}, "lacks a task, 'depth'"),
    ({'projector': {'type': 'Linear1x1', 'out_channels': 9}}, 'projector.out_channels=9'),
    ({'teacher': 'small_{task}:shared'}, "teacher 'small_semseg' does not exist")])
def test_templates_that_do_not_fit_are_refused_before_anything_runs(change, words):
    template = {**MID_AND_LAST[1], **change}
    with pytest.raises(ValueError, match=words):
        make({'each_task': template}, {'semseg': teacher(1), 'depth': teacher(2)})


def test_a_task_without_teacher_is_named():
    with pytest.raises(ValueError, match="task 'depth' has no teacher"):
        make({'each_task': MID_AND_LAST[1]}, {'semseg': teacher(1)})


def test_the_loss_of_ones_own_loop_is_the_weighted_sum():
    links = {'each_task': {'loss': CS, 'weight': 0.5}}
    distiller, data, net = make(links, weight=2.0), batch(), TinyNet().eval()
    taps = net(normalised(data['image']))
    terms = distiller(data, taps, TASKS)
    expected = sum(distiller.term_weights[name] * term for name, term in terms.items())
    torch.testing.assert_close(distiller.loss(data['image'], taps), expected)
    valid = make([Link(PlainKD(), 'semseg', pixels='valid'), Link(CauchySchwarz(), 'depth', where='labelled')])
    expected = sum(valid(data, taps, TASKS).values())
    present = {'depth': data['present']['depth']}
    torch.testing.assert_close(valid.loss(data['image'], taps, data['targets'], present), expected)
    with pytest.raises(ValueError, match=r'call check\(student.tap_specs, tasks\) once'):
        Distiller({'big': teacher()}, links).loss(data['image'], taps)
