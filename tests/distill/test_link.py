import pytest
import torch
from torch import nn

from mtkd.distill import (
    AttentionTransfer,
    CauchySchwarz,
    DistillLoss,
    FitNets,
    Linear1x1,
    Link,
    NormalisedL2,
    OutputL1,
    PlainKD,
    Teacher,
)
from mtkd.distill.losses.distill_loss import per_sample
from mtkd.models import TapSpec
from mtkd.structures import global_ratio
from mtkd.tasks import build_tasks

from .nets import MEAN, STD, TinyNet, batch, images, normalised, tasks

TASKS = tasks()


def teacher(**options) -> Teacher:
    return Teacher(TinyNet(seed=7, **options), mean=MEAN, std=STD)


def bound(link: Link, student: TinyNet | None = None, **teachers: Teacher) -> Link:
    link.bind((student or TinyNet()).tap_specs, TASKS, teachers or {'big': teacher()})
    return link


def run(link: Link, data=None, student: TinyNet | None = None, **teachers: Teacher) -> dict[str, torch.Tensor]:
    data, student, teachers = data or batch(), student or TinyNet(), teachers or {'big': teacher()}
    bound(link, student, **teachers)
    seen = {name: teachers[name](data['image']) for name in link.teacher_taps}
    terms = link(data, student.eval()(normalised(data['image'])), seen, TASKS)
    return {name: global_ratio(*value) if isinstance(value, tuple) else value for name, value in terms.items()}


def test_defaults_are_the_task_s_output_and_the_only_teacher():
    link = bound(Link({'type': 'CauchySchwarz'}, 'semseg'))
    assert (link.student_taps, link.teacher_taps) == (('semseg.out',), {'big': ('semseg.out',)})
    assert link.terms == ('cs_inter', 'cs_intra')


@pytest.mark.parametrize(('given', 'name', 'tap'), [('big', 'big', 'semseg.feat'), (':shared', 'big', 'shared'),
                                                    ('big:depth.feat', 'big', 'depth.feat')])
def test_teacher_is_named_in_parts(given, name, tap):
    link = bound(Link(FitNets(), 'semseg', student='semseg.feat', teacher=given))
    assert link.teacher_taps == {name: (tap,)}


def test_loss_reads_the_task_s_view():
    student, big, data = TinyNet().eval(), teacher(), batch()
    for task in ('semseg', 'depth'):
        outs = student(normalised(data['image']))[f'{task}.out'], big(data['image'])[f'{task}.out']
        view = TASKS[task].prob_view
        for loss, read in ((CauchySchwarz(tau=2), view), (PlainKD(tau=2), view.log_probs)):
            wanted = {name: global_ratio(*value) if isinstance(value, tuple) else value
                      for name, value in loss(*(read(out, 2) for out in outs)).items()}
            torch.testing.assert_close(run(Link(loss, task), data, student, big=big), wanted)


def test_unlabelled_and_labelled_samples():
    data = batch()
    both = {where: run(Link(OutputL1(), 'depth', where=where), data)['l1'] for where in ('all', 'labelled', 'unlabelled')}
    torch.testing.assert_close((both['labelled'] + both['unlabelled']) / 2, both['all'])
    assert not torch.isclose(both['labelled'], both['unlabelled'])
    assert run(Link(OutputL1(), 'semseg', where='unlabelled'), data)['l1'] == 0


def test_valid_pixels():
    data, student, big = batch(), TinyNet().eval(), teacher()
    gap = (student(normalised(data['image']))['semseg.out'] - big(data['image'])['semseg.out']).abs().sum(1)
    torch.testing.assert_close(run(Link(OutputL1(), 'semseg', pixels='valid'), data, student, big=big)['l1'],
                               gap[:, :, :3].mean())
    torch.testing.assert_close(run(Link(OutputL1(), 'semseg'), data, student, big=big)['l1'], gap.mean())


def test_valid_and_labelled_of_a_vector():
    """A tap of stride 0: a sample with a valid label anywhere counts."""
    view, link = torch.zeros(4, 3), Link(OutputL1(), 'depth', pixels='valid')
    assert link._mask(batch(), TASKS, view).tolist() == [True, True, False, False]
    link = Link(OutputL1(), 'semseg', where='labelled')
    assert link._mask(batch(), TASKS, view).tolist() == [True] * 4
    assert Link(OutputL1(), 'semseg')._mask(batch(), TASKS, view) is None


def test_padding_never_counts():
    data, student, big = batch(), TinyNet().eval(), teacher()
    data['meta'][1]['crop'] = (0, 0, 4, 12)
    gap = (student(normalised(data['image']))['semseg.out'] - big(data['image'])['semseg.out']).abs().sum(1)
    inside = torch.ones_like(gap, dtype=torch.bool)
    inside[1, 2:] = False
    torch.testing.assert_close(run(Link(OutputL1(), 'semseg'), data, student, big=big)['l1'], gap[inside].mean())
    for where, samples in (('labelled', [0, 1]), ('unlabelled', [2, 3])):
        link = bound(Link(OutputL1(), 'depth', where=where))
        mask = link._mask(data, TASKS, gap[:, None])
        wanted = inside.clone()
        wanted[[i for i in range(4) if i not in samples]] = False
        assert mask.equal(wanted)


@pytest.mark.parametrize(('resize', 'size'), [('student_to_teacher', (4, 6)), ('teacher_to_student', (2, 3)),
                                              ('pool', (2, 3))])
def test_sizes_are_matched(resize, size):
    link = bound(Link(CauchySchwarz(), 'semseg', resize=resize))
    student, big = link._same_size(torch.randn(1, 5, 2, 3), torch.randn(1, 5, 4, 6))
    assert student.shape[2:] == big.shape[2:] == size
    assert run(Link(CauchySchwarz(), 'semseg', resize=resize), student=TinyNet(stride=4))['cs_inter'] > 0


def test_sizes_that_may_not_be_matched():
    with pytest.raises(ValueError, match='another resize than none'):
        run(Link(CauchySchwarz(), 'semseg', resize='none'), student=TinyNet(stride=4))


def test_projector_gets_its_channels():
    link = Link(FitNets(), 'semseg', student='semseg.feat', projector={'type': 'Linear1x1'})
    value = run(link, big=teacher(width=6))['fitnets']
    assert link.projector[0].weight.shape == (6, 4, 1, 1) and value > 0
    value.backward()
    assert link.projector[0].weight.grad.any()
    ready = Linear1x1(4, 6)
    assert bound(Link(FitNets(), 'semseg', student='shared', projector=ready), big=teacher(width=6)).projector is ready


def test_all_tasks_are_one_row():
    data, student, big = batch(), TinyNet().eval(), teacher()
    link = Link(CauchySchwarz(terms=('inter',)), tasks=['semseg', 'depth'])
    assert link.group == 'shared'
    views = [torch.cat([TASKS[t].probs(taps[f'{t}.out']) for t in ('semseg', 'depth')], 1)
             for taps in (student(normalised(data['image'])), big(data['image']))]
    wanted = global_ratio(*CauchySchwarz()(*views)['cs_inter'])
    torch.testing.assert_close(run(link, data, student, big=big)['cs_inter'], wanted)


def test_views_choose_the_terms_that_have_a_meaning():
    views = build_tasks({'depth': {'type': 'Depth', 'prob_view': 'positive'}, 'semseg': {
        'type': 'SemanticSegmentation', 'num_classes': 5}, 'edge': {'type': 'Edge', 'prob_view': 'none'}})
    specs, teachers = TinyNet(semseg=5, depth=1, edge=1).tap_specs, {'big': teacher(semseg=5, depth=1, edge=1)}
    link = Link(CauchySchwarz(), 'depth')
    link.bind(specs, views, teachers)
    assert link.terms == ('cs_intra',)
    joint = Link(CauchySchwarz(), tasks=list(views))
    joint.bind(specs, views, teachers)
    assert joint.task_names == ('depth', 'semseg') and joint.terms == ('cs_intra',)
    for loss, task in ((PlainKD(), 'depth'), (CauchySchwarz(), 'edge'), (CauchySchwarz(terms=('inter',)), 'depth')):
        with pytest.raises(ValueError, match='probability view'):
            Link(loss, task).bind(specs, views, teachers)


def test_low_precision_taps_are_compared_in_float32():
    link, data = bound(Link(CauchySchwarz(), 'semseg')), batch()
    student, big = (torch.randn(4, 5, 4, 6, generator=torch.Generator().manual_seed(i)) for i in range(2))
    half = link(data, {'semseg.out': student.bfloat16()}, {'big': {'semseg.out': big.bfloat16()}}, TASKS)
    full = link(data, {'semseg.out': student.bfloat16().float()},
                {'big': {'semseg.out': big.bfloat16().float()}}, TASKS)
    torch.testing.assert_close(half, full)
    assert half['cs_intra'].dtype == torch.float32


@pytest.mark.parametrize(('options', 'words'), [
    ({'task': 'semsge'}, ['semsge', 'nearest: semseg']),
    ({'task': 'semseg', 'teacher': 'small'}, ["teacher 'small'", 'big']),
    ({'task': 'semseg', 'student': 'semseg.feta', 'loss': FitNets()}, ["'semseg.feta'", 'semseg.feat']),
    ({'task': 'semseg', 'student': 'shared', 'teacher': ':sharde', 'loss': FitNets()},
     ["tap of teacher 'big' 'sharde'", 'shared']),
    ({'task': 'semseg', 'student': 'semseg.feat'}, ['CauchySchwarz', "'semseg.feat'", "'semseg.out'"]),
    ({'task': 'semseg', 'student': 'semseg.feat', 'loss': FitNets()}, ['(B, 4, h, w)', '(B, 6, h, w)', 'Linear1x1',
     '4 -> 6']),
    ({'task': 'semseg', 'teacher': ':depth.out'}, ['(B, 5, h, w)', '(B, 1, h, w)', 'same task']),
    ({'task': 'semseg', 'projector': {'type': 'Linear1x1'}}, ['projector is not possible']),
    ({'tasks': ['semseg', 'depth'], 'student': 'shared'}, ['remove its taps'])])
def test_what_does_not_fit_is_said_at_build_time(options, words):
    with pytest.raises(ValueError) as error:
        bound(Link(**{'loss': CauchySchwarz(), **options}), big=teacher(width=6))
    assert all(word in str(error.value) for word in words), error.value


def test_one_of_several_teachers_has_to_be_named():
    with pytest.raises(ValueError, match='name the teacher'):
        bound(Link(CauchySchwarz(), 'semseg'), a=teacher(), b=teacher())


@pytest.mark.parametrize('options', [{}, {'task': 'a', 'tasks': ['b']}, {'task': 'a', 'where': 'here'},
                                     {'task': 'a', 'pixels': 'some'}, {'task': 'a', 'resize': 'crop'},
                                     {'task': 'a', 'name': 'my_loss'}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ValueError):
        Link(CauchySchwarz(), **options)


def test_images_differ_so_that_the_tests_above_can_fail():
    assert not torch.equal(images()[0], images()[1])


@pytest.mark.parametrize(('projector', 'words'), [
    ({'type': 'Linear1x1', 'out_channels': 4}, ['projector.out_channels=4', "teacher 'big' has 6 channels"]),
    ({'type': 'NonLinear', 'in_channels': 5}, ['projector.in_channels=5', "student's tap has 4 channels"])])
def test_an_adaptor_of_other_channels_is_refused(projector, words):
    with pytest.raises(ValueError) as error:
        bound(Link(FitNets(), 'semseg', student='semseg.feat', projector=projector), big=teacher(width=6))
    assert all(word in str(error.value) for word in words), error.value


def test_a_loss_that_needs_no_equal_channels_takes_any_adaptor():
    link = Link(AttentionTransfer(), 'semseg', student='semseg.feat', projector={'type': 'Linear1x1', 'out_channels': 3})
    assert bound(link, big=teacher(width=6)).projector[0].weight.shape == (3, 4, 1, 1)


def test_an_adaptor_has_the_initialisation_it_is_given():
    weights = {}
    for init in ('xavier', 'default'):
        link = Link(FitNets(), 'semseg', student='shared', projector={'type': 'Linear1x1', 'init': init})
        wide = TinyNet(width=64)
        link.bind(wide.tap_specs, TASKS, {'big': teacher(width=64)})
        weights[init] = link.projector[0].weight
    assert weights['xavier'].std().item() == pytest.approx(64 ** -0.5, rel=0.05)  # normal, of variance 2 / (64 + 64)
    assert weights['default'].abs().max() <= 64 ** -0.5 < weights['xavier'].abs().max()  # uniform within 1 / sqrt(64)


def test_a_task_without_teacher():
    with pytest.raises(ValueError, match=r"task 'depth' has no teacher; add distiller\.teachers\.depth, .*semseg"):
        bound(Link(FitNets(), 'depth', student='shared', teacher='depth:shared'), semseg=teacher())


def test_weights_by_task_are_of_templates():
    with pytest.raises(ValueError, match=r'must be a number, .* distiller\.links\.each_task'):
        Link(FitNets(), 'semseg', weight={'semseg': 1.0})


def test_labelled_samples_of_vectors():
    """A mixed batch of two data sets: each adaptor and each term only uses its own half."""
    rng = torch.Generator().manual_seed(0)
    student = torch.randn(4, 3, generator=rng, requires_grad=True)
    big = torch.randn(4, 3, generator=rng)
    link = Link(NormalisedL2(), 'depth', student='shared', where='labelled', projector={'type': 'Linear1x1'})
    specs = {'shared': TapSpec(3, 0)}
    teacher_of_depth = teacher()
    teacher_of_depth.net.tap_specs = specs
    link.bind(specs, TASKS, {'depth': teacher_of_depth})
    value = global_ratio(*link(batch(), {'shared': student}, {'depth': {'shared': big}}, TASKS)['l2'])
    adapted = student[:2] @ link.projector[0].weight[:, :, 0, 0].T  # the other two samples have no depth
    wanted = (2 - 2 * torch.cosine_similarity(adapted, big[:2])).mean()
    torch.testing.assert_close(value, wanted, rtol=1e-4, atol=1e-5)
    value.backward()
    assert student.grad[:2].any() and not student.grad[2:].any()


class Several(DistillLoss):
    """Records its inputs; the value is the mean of the student's first view."""

    terms = ('seen',)
    same_channels = same_size = False

    def __init__(self, several=(), asks=(), **options) -> None:
        super().__init__()
        self.several, self.asks = tuple(several), tuple(asks)
        for name, value in options.items():
            setattr(self, name, value)

    def setup(self, student, teacher):
        self.channels = list(student), list(teacher)
        self.head = nn.Linear(student[0], 1)

    def inspect(self, networks):
        self.networks = list(networks)

    def compare(self, student, teacher, mask, **asked):
        self.given = student, teacher, mask, asked
        first = student[0] if isinstance(student, tuple) else student
        return {'seen': per_sample(self.head(first.flatten(2).mean(2))[:, 0], None)}


def test_several_levels():
    loss = Several(('student', 'teacher'), spatial=True)
    link = Link(loss, 'semseg', student=['shared', 'semseg.out'], teacher=['big:semseg.feat', ':depth.out'])
    big = teacher(width=6)
    run(link, student=TinyNet(stride=4), big=big)
    student, seen, masks, _ = loss.given
    assert [tuple(x.shape[1:]) for x in student] == [(4, 2, 3), (5, 2, 3)]  # sizes are unchanged
    assert [tuple(x.shape[1:]) for x in seen] == [(6, 4, 6), (1, 4, 6)] and masks == (None, None)
    assert loss.channels == ([4, 5], [6, 1]) and loss.networks == [big.net, big.net]
    assert link.teacher_taps == {'big': ('semseg.feat', 'depth.out')}
    link = bound(Link(Several(('student', 'teacher')), 'semseg', student=['shared', 'semseg.feat'], teacher='big'))
    assert link.teacher_taps == {'big': ('shared', 'semseg.feat')}  # without a tap: the student's taps


def test_masks_of_several_levels_have_their_sizes():
    loss, data = Several(('student',), spatial=True), batch((8, 12))
    data['meta'][0]['crop'] = (0, 0, 4, 12)
    link = Link(loss, 'semseg', student=['semseg.out', 'small'], teacher='big:semseg.out')
    specs = {**TinyNet().tap_specs, 'small': TapSpec(3, 4)}
    link.bind(specs, TASKS, {'big': teacher()})
    link(data, {'semseg.out': torch.rand(4, 5, 4, 6), 'small': torch.rand(4, 3, 2, 3)},
         {'big': {'semseg.out': torch.rand(4, 5, 4, 6)}}, TASKS)
    masks = loss.given[2]
    assert [tuple(mask.shape) for mask in masks] == [(4, 4, 6), (4, 2, 3)]
    assert masks[0][0].sum() == 12 and masks[1][0].sum() == 3 and masks[1][1:].all()


def test_several_teachers_in_the_size_of_the_student():
    loss = Several(('teacher',), same_size=True, same_channels=True, spatial=True)
    link = Link(loss, 'semseg', teacher=['a', 'b:semseg.out'])
    run(link, a=teacher(), b=teacher(stride=4))
    student, seen, mask, _ = loss.given
    assert isinstance(student, torch.Tensor) and mask is None
    assert [tuple(x.shape) for x in seen] == [tuple(student.shape)] * 2
    assert link.teacher_taps == {'a': ('semseg.out',), 'b': ('semseg.out',)}
    with pytest.raises(ValueError, match=r"the teacher's 'b:depth\.out' \(B, 1"):
        bound(Link(loss, 'semseg', teacher=['a', 'b:depth.out']), a=teacher(), b=teacher())


def test_a_loss_of_one_tap_refuses_several():
    with pytest.raises(ValueError, match='FitNets compares one tap of the student, but was given 2; add a link for each'):
        bound(Link(FitNets(), 'semseg', student=['shared', 'semseg.feat']))
    with pytest.raises(ValueError, match='one tap of the teacher, but was given 2'):
        bound(Link(PlainKD(), 'semseg', teacher=['a', 'b']), a=teacher(), b=teacher())
    with pytest.raises(ValueError, match='several taps of one task'):
        bound(Link(Several(('teacher',)), tasks=['semseg', 'depth']))


def test_what_a_loss_asks_for():
    loss, data = Several(asks=('target', 'progress', 'index')), batch()
    for i, meta in enumerate(data['meta']):
        meta['index'] = 10 + i
    link = Link(loss, 'semseg')
    link.progress = 0.25
    run(link, data)
    _, _, mask, asked = loss.given
    assert asked['progress'] == 0.25 and asked['index'].tolist() == [10, 11, 12, 13]
    assert asked['target'].shape == (4, 4, 6) and asked['target'].dtype == torch.int64
    valid = data['targets']['semseg'][:, 1::2, 1::2] != 255
    assert mask.view(4, 4, 6).equal(valid) and not asked['target'][~valid].any()  # only valid labels are used
    assert asked['target'][valid].equal(data['targets']['semseg'][:, 1::2, 1::2][valid].long())
    with pytest.raises(ValueError, match="asks for an input 'labels' does not exist"):
        bound(Link(Several(asks=('labels',)), 'semseg'))
    with pytest.raises(ValueError, match='target of one task'):
        bound(Link(Several(asks=('target',)), tasks=['semseg', 'depth']))


def test_a_loss_without_a_teacher():
    loss = Several(needs_teacher=False)
    link = Link(loss, 'semseg', student='shared')
    link.bind(TinyNet().tap_specs, TASKS, {})
    link(batch(), {'shared': torch.rand(4, 4, 4, 6)}, {}, TASKS)
    assert loss.given[1] is None and link.teacher_taps == {}
    with pytest.raises(ValueError, match='does not use a teacher'):
        bound(Link(loss, 'semseg', teacher='big'))


def test_a_warm_up_raises_the_weight():
    link = Link(FitNets(), 'semseg', weight=4.0, warmup=0.5)
    assert [link.weight_at(done) for done in (0.0, 0.25, 0.5, 1.0)] == [0.0, 2.0, 4.0, 4.0]
    with pytest.raises(ValueError, match='fraction of the training'):
        Link(FitNets(), 'semseg', warmup=20)


def test_a_loss_is_told_the_channels_behind_the_projector():
    loss = Several()
    bound(Link(loss, 'semseg', student='shared', projector={'type': 'Linear1x1', 'out_channels': 3}), big=teacher(width=6))
    assert loss.channels == ([3], [6])
    mute = teacher()
    del mute.net.tap_specs
    with pytest.raises(ValueError, match='needs the channels of its teacher'):
        bound(Link(Several(), 'semseg'), big=mute)


@pytest.mark.parametrize(('last', 'sets'), [(13, ('a', 'b')), (20, ('a', 'a'))])
def test_indices_of_a_memory_are_of_one_data_set_and_within_it(last, sets):
    """Otherwise, two samples would share a place of the memory."""
    loss = Several(asks=('index',))
    loss.samples = 20
    link, first, second = Link(loss, 'semseg'), batch(), batch()
    for data, name in zip((first, second), sets, strict=True):
        for i, meta in enumerate(data['meta']):
            meta.update(index=10 + i, dataset=name)
    run(link, first)  # the link remembers the data set
    second['meta'][0]['index'] = last
    with pytest.raises(ValueError, match=f'memory of 20 samples of one training set, but this batch has index {last} of'):
        run(link, second)
