import copy

import pytest
import torch
from torch.nn import functional as F

from mtkd.distill import Distiller, TaskContrast, Teacher
from mtkd.distill.task_contrast import _all_but

from .nets import MEAN, STD, TinyNet, batch, normalised, tasks
from .ranks import on_two_ranks

TASKS = tasks()
NAMES = ('semseg', 'depth')


def made(**options) -> TaskContrast:
    link = TaskContrast(NAMES, **{'samples': 6, 'tap': '{task}.feat', 'width': 3, 'negatives': 4, **options})
    torch.manual_seed(5)
    link.bind(TinyNet().tap_specs, TASKS, {})
    return link


def data(index=(3, 0, 5, 1), crop=None, dataset='here') -> dict:
    return {**batch(), 'meta': [{'crop': crop, 'index': i, 'dataset': dataset} for i in index]}


def taps(given) -> dict[str, torch.Tensor]:
    return TinyNet().eval()(normalised(given['image']))


def vector(link, task, feature):
    return F.normalize(link.maps[task](feature), dim=-1)


def test_a_term_is_the_cross_entropy_of_picking_the_other_tasks_vector():
    link, given = made(tau=0.2).eval(), data()
    seen = taps(given)
    torch.manual_seed(1)
    others = _all_but(torch.tensor([3, 0, 5, 1]), 6, 4)
    torch.manual_seed(1)
    terms = link(given, seen, {}, TASKS)
    own = {task: vector(link, task, seen[f'{task}.feat'].mean((2, 3))) for task in NAMES}
    for t, (task, other) in enumerate((NAMES, NAMES[::-1])):
        for b in range(4):
            candidates = torch.stack([own[other][b], *link.memory[1 - t, others[b]]])
            wanted = F.cross_entropy((candidates @ own[task][b] / 0.2)[None], torch.tensor([0]))
            torch.testing.assert_close(terms[f'{task}/contrast'][0][b], wanted)
        assert terms[f'{task}/contrast'][1].tolist() == [1, 1, 1, 1]


def test_three_tasks_are_six_ordered_pairs():
    link = TaskContrast(('a', 'b', 'c'), samples=6, tap='{task}', width=3, negatives=4)
    maps = {task: torch.randn(4, 3, 2, 2) for task in 'abc'}
    link.maps.update({task: torch.nn.Identity() for task in 'abc'})
    link.eval().memory.zero_()  # all negatives score 0
    terms = link(data(), maps, {}, TASKS)
    own = {task: F.normalize(value.mean((2, 3)), dim=1) for task, value in maps.items()}
    for task in 'abc':
        near = [(own[task] * own[other]).sum(1) / 0.07 for other in 'abc' if other != task]
        wanted = sum((score.exp() + 4).log() - score for score in near)
        torch.testing.assert_close(terms[f'{task}/contrast'][0], wanted)


def test_the_memory_moves_towards_what_is_seen_and_in_training_only():
    link, given = made(momentum=0.25), data()
    before, seen = link.memory.clone(), taps(given)
    link.eval()(given, seen, {}, TASKS)
    assert torch.equal(link.memory, before)
    link.train()(given, seen, {}, TASKS)
    for t, task in enumerate(NAMES):
        now = vector(link, task, seen[f'{task}.feat'].mean((2, 3)))
        for b, i in enumerate((3, 0, 5, 1)):
            torch.testing.assert_close(link.memory[t, i], F.normalize(0.25 * before[t, i] + 0.75 * now[b], dim=0))
        assert torch.equal(link.memory[t, [2, 4]], before[t, [2, 4]])
    assert not link.memory.requires_grad


def test_of_a_sample_seen_twice_the_last_is_remembered():
    link, given = made(momentum=0.0), data((2, 4, 2, 4))
    seen = taps(given)
    link.train()(given, seen, {}, TASKS)
    torch.testing.assert_close(link.memory[0, [2, 4]], vector(link, 'semseg', seen['semseg.feat'].mean((2, 3)))[2:])


def test_others_are_every_sample_but_the_own():
    drawn = _all_but(torch.tensor([0, 2, 4]), 5, 400)
    assert [sorted(set(row.tolist())) for row in drawn] == [[1, 2, 3, 4], [0, 1, 3, 4], [0, 1, 2, 3]]


def test_padding_does_not_count():
    link, given = made().eval(), data(crop=(0, 0, 8, 6))
    seen = taps(given)
    changed = {tap: torch.cat([value[..., :3], value[..., 3:] + 9], -1) for tap, value in seen.items()}
    for case in (seen, changed):
        torch.manual_seed(0)
        terms = link(given, case, {}, TASKS)
        wanted = vector(link, 'depth', case['depth.feat'][..., :3].mean((2, 3)))
        torch.testing.assert_close(link._vector('depth', case['depth.feat'], given), wanted)
        if case is seen:
            plain = terms
    torch.testing.assert_close(terms, plain)


def test_learning_tells_pictures_apart_across_tasks():
    torch.manual_seed(0)
    link = made(samples=4, width=16).train()
    features = {f'{task}.feat': torch.randn(4, 4, 2, 3, requires_grad=True) for task in NAMES}
    optimiser = torch.optim.Adam([*features.values(), *link.parameters()], lr=0.02)
    alike = []
    for _ in range(60):
        terms = link(data((0, 1, 2, 3)), features, {}, TASKS)
        optimiser.zero_grad()
        sum(value.mean() for value, _ in terms.values()).backward()
        assert all(p.grad.any() for p in (*features.values(), *link.parameters()))
        optimiser.step()
        first, second = (vector(link, task, features[f'{task}.feat'].detach().mean((2, 3))).detach() for task in NAMES)
        alike.append(first @ second.T)
    own, other = torch.eye(4, dtype=torch.bool), ~torch.eye(4, dtype=torch.bool)
    assert alike[0][own].min() < alike[0][other].max() and alike[-1][own].min() > alike[-1][other].max() + 0.2


def test_the_distiller_needs_no_teacher_for_it():
    distiller = Distiller({}, {'between_tasks': {'samples': 6, 'tap': '{task}.feat', 'weight': 0.5}}, weight=0.2)
    distiller.check(TinyNet().tap_specs, TASKS)
    assert distiller.term_weights == {'semseg/contrast': 0.1, 'depth/contrast': 0.1}
    terms = distiller(data(), taps(data()), TASKS)
    assert set(terms) == set(distiller.term_weights) and all(value.shape == () for value in terms.values())
    assert 'links.0.memory' in distiller.state_dict(), 'a resumed run continues with it'
    twin = copy.deepcopy(distiller)
    twin.load_state_dict(distiller.state_dict())


def test_beside_a_teacher():
    teacher = Teacher(TinyNet(seed=7), mean=MEAN, std=STD)
    distiller = Distiller({'big': teacher}, {'each_task': {'loss': {'type': 'CauchySchwarz', 'terms': ('inter',)}},
                                             'between_tasks': {'samples': 6, 'tap': '{task}.feat'}})
    distiller.check(TinyNet().tap_specs, TASKS)
    terms = distiller(data(), taps(data()), TASKS)
    assert list(terms) == ['semseg/cs_inter', 'depth/cs_inter', 'semseg/contrast', 'depth/contrast']
    assert distiller.needed_taps('big') == ('semseg.out', 'depth.out')


def test_first_vectors_follow_the_seed():
    assert torch.equal(made().memory, made().memory) and not torch.equal(made(seed=1).memory, made().memory)
    torch.testing.assert_close(made().memory.norm(dim=-1), torch.ones(2, 6))


def _share(rank: int, ranks: int) -> dict:
    link, whole = made().train(), data()
    own = slice(2 * rank, 2 * rank + 2)
    seen = {tap: value[own] for tap, value in taps(whole).items()}
    link({**whole, 'image': whole['image'][own], 'meta': whole['meta'][own]}, seen, {}, TASKS)
    return {'memory': link.memory}


def test_ranks_share_one_memory(tmp_path):
    link, whole = made().train(), data()
    link(whole, taps(whole), {}, TASKS)
    for of_rank in on_two_ranks(_share, tmp_path):
        torch.testing.assert_close(of_rank['memory'], link.memory)


@pytest.mark.parametrize(('options', 'words'), [
    ({'samples': 1}, 'samples=1'), ({'negatives': 0}, 'negatives=0'), ({'tau': 0.0}, 'tau=0.0'),
    ({'momentum': 1.0}, 'momentum=1.0'), ({'width': 0}, 'width=0'), ({'tap': '{task}.in'}, r"no map 'semseg\.in'")])
def test_what_cannot_be_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        made(**options)


def test_samples_it_has_no_room_for_are_refused():
    link, seen = made(), taps(data())
    with pytest.raises(ValueError, match=r"memory of 6 samples .* index 6 of \['here'\]"):
        link(data((3, 0, 6, 1)), seen, {}, TASKS)
    mixed = data()
    mixed['meta'][0]['dataset'] = 'there'
    with pytest.raises(ValueError, match=r"\['here', 'there'\]"):
        link(mixed, seen, {}, TASKS)
