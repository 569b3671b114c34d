import pytest
import torch

from mtkd.distill import AttentionTransfer, CauchySchwarz, FitNets, Linear1x1, Link, NormalisedL2, OutputL1, PlainKD, Teacher
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
    seen = teachers[link.teacher_name](data['image'])
    terms = link(data, student.eval()(normalised(data['image'])), seen, TASKS)
    return {name: global_ratio(*value) if isinstance(value, tuple) else value for name, value in terms.items()}


def test_defaults_are_the_task_s_output_and_the_only_teacher():
    link = bound(Link({'type': 'CauchySchwarz'}, 'semseg'))
    assert (link.student_taps, link.teacher_name, link.teacher_taps) == (('semseg.out',), 'big', ('semseg.out',))
    assert link.terms == ('cs_inter', 'cs_intra')


@pytest.mark.parametrize(('given', 'name', 'tap'), [('big', 'big', 'semseg.feat'), (':shared', 'big', 'shared'),
                                                    ('big:depth.feat', 'big', 'depth.feat')])
def test_teacher_is_named_in_parts(given, name, tap):
    link = bound(Link(FitNets(), 'semseg', student='semseg.feat', teacher=given))
    assert (link.teacher_name, link.teacher_taps) == (name, (tap,))


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
    """A stride-0 tap: a sample with a valid label anywhere counts."""
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
    with pytest.raises(ValueError, match='resize other than none'):
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
    half = link(data, {'semseg.out': student.bfloat16()}, {'semseg.out': big.bfloat16()}, TASKS)
    full = link(data, {'semseg.out': student.bfloat16().float()}, {'semseg.out': big.bfloat16().float()}, TASKS)
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
    ({'task': 'semseg', 'projector': {'type': 'Linear1x1'}}, ['no projector']),
    ({'tasks': ['semseg', 'depth'], 'student': 'shared'}, ['takes no taps'])])
def test_what_does_not_fit_is_said_at_build_time(options, words):
    with pytest.raises(ValueError) as error:
        bound(Link(**{'loss': CauchySchwarz(), **options}), big=teacher(width=6))
    assert all(word in str(error.value) for word in words), error.value


def test_one_of_several_teachers_has_to_be_named():
    with pytest.raises(ValueError, match='say which teacher'):
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
    with pytest.raises(ValueError, match=r"task 'depth' has no teacher; add distiller\.teachers\.depth, beside semseg"):
        bound(Link(FitNets(), 'depth', student='shared', teacher='depth:shared'), semseg=teacher())


def test_weights_by_task_are_of_templates():
    with pytest.raises(ValueError, match=r'one number as weight .* distiller\.links\.each_task'):
        Link(FitNets(), 'semseg', weight={'semseg': 1.0})


def test_labelled_samples_of_vectors():
    """A mixed batch of two data sets: each adaptor and each term knows its own half only."""
    rng = torch.Generator().manual_seed(0)
    student = torch.randn(4, 3, generator=rng, requires_grad=True)
    big = torch.randn(4, 3, generator=rng)
    link = Link(NormalisedL2(), 'depth', student='shared', where='labelled', projector={'type': 'Linear1x1'})
    specs = {'shared': TapSpec(3, 0)}
    teacher_of_depth = teacher()
    teacher_of_depth.net.tap_specs = specs
    link.bind(specs, TASKS, {'depth': teacher_of_depth})
    value = global_ratio(*link(batch(), {'shared': student}, {'shared': big}, TASKS)['l2'])
    adapted = student[:2] @ link.projector[0].weight[:, :, 0, 0].T  # depth is absent from the other two
    wanted = (2 - 2 * torch.cosine_similarity(adapted, big[:2])).mean()
    torch.testing.assert_close(value, wanted, rtol=1e-4, atol=1e-5)
    value.backward()
    assert student.grad[:2].any() and not student.grad[2:].any()
