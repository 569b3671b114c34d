import copy

import pytest
import torch
from torch import nn

from mtkd.distill import CauchySchwarz, Distiller, FitNets, Link, PlainKD, Teacher
from mtkd.registry import MODELS
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
