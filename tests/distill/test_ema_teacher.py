import copy

import pytest
import torch
from torch import nn

from mtkd.distill import Distiller, EMATeacher

from .nets import TinyNet, batch, images, normalised, tasks
from .ranks import on_two_ranks

LINKS = {'each_task': {'loss': {'type': 'OutputL1'}}}


class One(nn.Module):
    """One weight and one integer."""

    tap_specs: dict = {}

    def __init__(self, value: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([value]))
        self.register_buffer('count', torch.tensor(0))


def test_the_average_of_the_official_update():
    """``update_ema_variables`` of github.com/CuriousAI/mean-teacher at 546348f with alpha 0.6, starting from a copy of the
    student.
    """
    net, teacher = One(1.0), EMATeacher(decay=0.6)
    teacher.meet(net)
    seen = []
    for value in (1.0, 2.0, 4.0, 8.0):  # before the first update, after the first, second, third
        with torch.no_grad():
            net.weight.fill_(value)
            net.count += 2
        teacher.begin_step(0.0)
        seen.append(teacher.net.weight.item())
        assert teacher.net.count == net.count
    assert seen == pytest.approx([1.0, 1.5, 2.5, 4.7], rel=1e-6)


def test_an_accumulated_gradient_moves_it_once():
    net, teacher = One(1.0), EMATeacher(decay=0.5)
    teacher.meet(net)
    teacher.begin_step(0.0)
    with torch.no_grad():
        net.weight.fill_(3.0)
    for _ in range(3):
        teacher.begin_step(0.0)
    assert teacher.net.weight.item() == 2.0 and teacher.steps == 2


def made(decay=0.9, **options):
    student = TinyNet()
    distiller = Distiller({'ema': {'type': 'EMATeacher', 'decay': decay, **options}}, LINKS)
    distiller.check(student.tap_specs, tasks(), student, normalised)
    optimiser = torch.optim.SGD([*student.parameters(), *distiller.parameters()], lr=0.1, momentum=0.9)
    return student, distiller, optimiser


def step(student, distiller, optimiser, number, given=None):
    torch.manual_seed(number)
    given = given or {**batch(), 'image': images(seed=number)}
    distiller.begin_step(number / 6)
    taps = student.train()(normalised(given['image']))
    terms = distiller.train()(given, taps, tasks())
    optimiser.zero_grad()
    (sum(terms.values()) + sum(tap.square().mean() for tap in taps.values())).backward()
    optimiser.step()
    return terms


def state(distiller):
    return {key: value.clone() for key, value in distiller.state_dict().items()}


def test_it_sees_what_the_student_saw_before_and_gets_no_gradient():
    student, distiller, optimiser = made(decay=0.0)
    before = copy.deepcopy(student).eval()
    terms = step(student, distiller, optimiser, 0)
    teacher = distiller.teachers['ema']
    assert not teacher.training and not any(p.requires_grad for p in teacher.net.parameters())
    assert not list(distiller.parameters()) and not list(distiller.teachers.parameters())
    wanted = before(normalised(images()))
    torch.testing.assert_close(teacher(images())['semseg.out'], wanted['semseg.out'])
    assert terms['semseg/l1'] > 0  # the student runs in train mode
    distiller.begin_step(0.5)
    torch.testing.assert_close(teacher(images())['semseg.out'], student.eval()(normalised(images()))['semseg.out'])


def test_a_resumed_run_is_bit_equal():
    whole = made()
    for number in range(6):
        step(*whole, number)
    first = made()
    for number in range(3):
        step(*first, number)
    saved = [copy.deepcopy(part.state_dict()) for part in first]
    assert 'teachers.ema.average.outs.depth.weight' in saved[1] and saved[1]['teachers.ema.steps'] == 3
    second = made()
    for part, content in zip(second, saved, strict=True):
        part.load_state_dict(content)
    for number in range(3, 6):
        step(*second, number)
    for part, other in zip(whole[:2], second[:2], strict=True):
        for key, value in part.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key


def test_statistics_follow_in_eval_mode_and_are_its_own_in_train_mode():
    student, distiller, optimiser = made(decay=0.5)
    for number in range(3):
        step(student, distiller, optimiser, number)
    mine, other = distiller.teachers['ema'].net.stem[1], student.stem[1]
    assert not torch.equal(mine.running_mean, other.running_mean) and mine.running_mean.any()
    student, distiller, optimiser = made(decay=0.5, teacher_train_mode=True)
    for number in range(3):
        step(student, distiller, optimiser, number)
    mine = distiller.teachers['ema'].net.stem[1]
    assert mine.training and mine.num_batches_tracked == 3 and mine.running_mean.any()


def test_a_copied_model_follows_the_copied_student():
    student, distiller, _ = made(decay=0.0)
    pair = copy.deepcopy(nn.ModuleList([student, distiller]))
    with torch.no_grad():
        for p in pair[0].parameters():
            p.fill_(0.5)
    pair[1].begin_step(0.0)
    assert pair[1].teachers['ema'].net.outs['depth'].weight.eq(0.5).all()
    assert not distiller.teachers['ema'].net.outs['depth'].weight.eq(0.5).any()


def test_weights_of_another_network_are_refused():
    _, distiller, _ = made()
    content = distiller.state_dict()
    content['teachers.ema.average.outs.depth.weight'] = torch.zeros(1, 3, 1, 1)
    with pytest.raises(RuntimeError, match=r'average\.outs\.depth\.weight is \(1, 3, 1, 1\) for \(1, 4, 1, 1\)'):
        distiller.load_state_dict(content)
    del content['teachers.ema.average.outs.depth.weight']
    with pytest.raises(RuntimeError, match=r'Missing key.*average\.outs\.depth\.weight'):
        distiller.load_state_dict(content)


def test_without_a_student():
    with pytest.raises(ValueError, match='no student to follow'):
        EMATeacher().begin_step(0.0)
    with pytest.raises(ValueError, match='decay=1'):
        EMATeacher(decay=1.0)


def _share(rank: int, ranks: int) -> dict:
    """Ranks whose students have processed different images: equal weights, different statistics."""
    student, distiller, _ = made(decay=0.5)
    with torch.no_grad():
        student.stem[1].running_mean.fill_(float(rank))
    distiller.begin_step(0.0)
    given = batch()
    terms = distiller(given, student.eval()(normalised(given['image'])), tasks())
    return {'mean': distiller.teachers['ema'].net.stem[1].running_mean, 'depth': terms['depth/l1'].detach()}


def test_all_ranks_have_one_teacher(tmp_path):
    ranks = on_two_ranks(_share, tmp_path)
    assert torch.equal(ranks[0]['mean'], ranks[1]['mean']) and not ranks[0]['mean'].any()


def test_without_normaliser_it_has_a_mean_and_a_deviation():
    student = TinyNet()
    teacher = EMATeacher(mean=(120.0,) * 3, std=(60.0,) * 3)
    teacher.meet(student)
    teacher.begin_step(0.0)
    torch.testing.assert_close(teacher(images())['shared'], student.eval()(normalised(images()))['shared'])
