"""The numbers are of github.com/VICO-UoE/MTPSL at e9d8859 (``model/mapfns.py``): its network with ``filter`` [4, 6, 8] in
float64 in train mode, weights and inputs as :func:`series` makes them, torch's seed 5 before each of its Gumbel samples."""

import copy

import pytest
import torch
from torch.nn import functional as F

from mtkd.distill import CrossTaskConsistency, Distiller, Teacher
from mtkd.distill.cross_task import CLASSES, _distance, gumbel_sample
from mtkd.models import TapSpec
from mtkd.structures import global_ratio
from mtkd.tasks import build_tasks

from .nets import MEAN, STD, TinyNet, batch, normalised
from .nets import tasks as two_tasks
from .ranks import on_two_ranks

TASKS = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'},
                     'normals': {'type': 'Normals'}})
SIZE = (16, 24)
# labelled tasks -> loss; gradient of each prediction: Σ|g| and its entry 37; Σ|g| of gamma, beta, a weight, a first layer
OFFICIAL = {
    ('depth',): (1.2130104930699956, {'semseg': (4.0481006682557865, 0.001081904454176789),
                                      'normals': (71.35942024819839, 0.10139602289240807)},
                 (1.5709437059059592, 1.374046027822968, 5.393940153951894, 79.09517484095308)),
    ('semseg',): (1.159996760476425, {'depth': (21.222934548370137, 0.05839273776844451),
                                      'normals': (84.59554934753913, -0.001712593674173232)},
                  (1.0611895484988871, 0.9918271537497316, 5.771383907610613, 5.469119398273346)),
    ('depth', 'normals'): (1.0759598605830762, {'semseg': (5.400476565096493, -0.006718533489114286)},
                           (1.3421407719909668, 1.1582412933484736, 3.6917807794344473, 8.534594665061665)),
    ('semseg', 'depth', 'normals'): (3.748637261071901, {'semseg': (5.400476565096493, -0.006718533489114286),
                                                         'depth': (40.60941052299318, 0.08723029724703665),
                                                         'normals': (106.73699741261034, 0.09968342921823484)},
                                     (4.024268935410648, 3.68333173033209, 8.70343899891072, 77.29843505594454))}


def series(shape, code, scale=0.3, shift=0.0):
    count = torch.Size(shape).numel()
    return (shift + scale * (torch.arange(count, dtype=torch.float64) * 1.7 + code).sin().view(shape)).float()


def fill(conv, norm, code, layer=None):
    conv.weight.data = series(conv.weight.shape, code)
    norm.weight.data = series(norm.weight.shape, code + 1, 0.3, 1)
    norm.bias.data = series(norm.bias.shape, code + 2, 0.3, 0.2)
    if layer is not None:
        layer.gamma.data = series(layer.gamma.shape, code + 3, 0.3, 1)
        layer.beta.data = series(layer.beta.shape, code + 4, 0.3, 0.1)


def official_setting(labelled):
    link = CrossTaskConsistency(tuple(TASKS), widths=(4, 6, 1), resolution='label',
                                sources='all' if len(labelled) == 3 else 'unlabelled')
    specs = {'trunk.4': TapSpec(8, 8), **{f'{name}.out': TapSpec(task.out_channels, 1) for name, task in TASKS.items()}}
    link.bind(specs, TASKS, {})
    for i, first in enumerate(link.maps.first):
        fill(first[0], first[1], 1000 + 10 * i)
    for i, stage in enumerate(link.maps.stages):
        for j, layer in enumerate(stage):
            fill(layer.conv, layer.norm, 100 * (i + 1) + 10 * j, layer)
    taps = {'semseg.out': series((1, 5, *SIZE), 1, 2), 'depth.out': series((1, 1, *SIZE), 2, 1, 3),
            'normals.out': F.normalize(series((1, 3, *SIZE), 3, 1, 0.1), dim=1)}
    # the official depth and normals are used directly; a positive depth and unit normals are what our conversion gives
    taps = {tap: value.requires_grad_() for tap, value in taps.items()} | {'trunk.4': series((1, 8, 2, 3), 4, 1, 0.5)}
    classes = torch.arange(SIZE[0] * SIZE[1]).view(1, *SIZE) * 7 % 6 - 1
    normals = F.normalize(series((1, 3, *SIZE), 6, 1, 0.1), dim=1)
    normals[..., :4] = 0
    given = {'image': torch.zeros(1, 3, *SIZE, dtype=torch.uint8), 'meta': [{}], 'teacher': {},
             'targets': {'semseg': classes.where(classes >= 0, 255).to(torch.uint8), 'normals': normals,
                         'depth': series((1, 1, *SIZE), 5, 1, 2).clamp_min(1.2) - 1.2},
             'present': {task: torch.tensor([task in labelled]) for task in TASKS}}
    return link, given, taps


@pytest.mark.parametrize('labelled', OFFICIAL)
def test_official_values_and_gradients(labelled):
    link, given, taps = official_setting(labelled)
    torch.manual_seed(5)
    noise = torch.empty(1, 5, *SIZE, dtype=torch.float64).exponential_()  # the official random numbers are float64
    value, slopes, trained = OFFICIAL[labelled]
    link.classes = 'softmax'
    scores = (taps['semseg.out'].double() - noise.log()).float()
    soft = scores.softmax(1)
    hard = F.one_hot(soft.argmax(1), 5).movedim(-1, 1).float() - soft.detach() + soft
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CLASSES, 'softmax', lambda _: hard)
        terms = link(given, taps, {}, TASKS)
    total = sum(sums.sum() for sums, _ in terms.values())
    total.backward()
    assert total.item() == pytest.approx(value, rel=1e-5)
    for task in TASKS:
        grad = taps[f'{task}.out'].grad
        if task not in slopes:
            assert grad is None or not grad.any()
            continue
        if task == 'normals':  # ours normalises once more, which keeps the tangential part of the official gradient
            assert grad.abs().sum() < slopes[task][0] and grad.any()
            continue
        assert float(grad.abs().sum()) == pytest.approx(slopes[task][0], rel=2e-4)
        assert float(grad.flatten()[37]) == pytest.approx(slopes[task][1], rel=2e-3)
    stages = link.maps.stages
    found = (stages[0][0].gamma, stages[1][0].beta, stages[2][0].conv.weight, link.maps.first[1][0].weight)
    assert [float(p.grad.abs().sum()) for p in found] == pytest.approx(trained, rel=1e-3)


def test_the_gumbel_sample_is_torch_s():
    scores = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    torch.manual_seed(3)
    wanted = F.gumbel_softmax(scores, dim=1, hard=True)
    torch.manual_seed(3)
    made = gumbel_sample(scores)
    torch.testing.assert_close(made, wanted)
    weights = torch.rand(2, 5, 3, 4, generator=torch.Generator().manual_seed(1))
    (slope,) = torch.autograd.grad((made * weights).sum(), scores, retain_graph=True)
    torch.testing.assert_close(slope, torch.autograd.grad((wanted * weights).sum(), scores)[0])


def made(seed=0, **options) -> CrossTaskConsistency:
    link = CrossTaskConsistency(('semseg', 'depth'), **{'tap': 'shared', 'widths': (4, 4), 'classes': 'softmax', **options})
    link.bind(TinyNet().tap_specs, two_tasks(), {})
    return link


def taps(given) -> dict[str, torch.Tensor]:
    return TinyNet().eval()(normalised(given['image']))


def values(link, given, seen) -> dict[str, torch.Tensor]:
    return {term: sums for term, (sums, _) in link(given, seen, {}, two_tasks()).items()}


def test_only_what_has_no_label_learns_and_only_from_what_has_one():
    given = batch()
    given['present']['semseg'] = torch.tensor([True, False, True, False])  # depth is present in the first two samples
    found = values(made(), given, taps(given))
    assert (found['semseg/xtc'] > 0).tolist() == [False, True, False, False]
    assert (found['depth/xtc'] > 0).tolist() == [False, False, True, False]
    both = values(made(sources='all'), given, taps(given))
    assert (both['semseg/xtc'] > 0).tolist() == [True, True, False, False]
    assert (both['depth/xtc'] > 0).tolist() == [True, False, True, False]


def test_samples_do_not_depend_on_each_other():
    given, link = batch(), made(sources='all')
    seen = taps(given)
    whole = values(link, given, seen)
    for i in range(4):
        one = {'image': given['image'][i:i + 1], 'meta': given['meta'][i:i + 1], 'teacher': {},
               **{key: {task: value[i:i + 1] for task, value in given[key].items()} for key in ('targets', 'present')}}
        alone = values(link, one, {tap: value[i:i + 1] for tap, value in seen.items()})
        for term, value in alone.items():
            torch.testing.assert_close(value[0], whole[term][i])


def test_nothing_to_compare_is_zero_and_still_reaches_every_parameter():
    given, link = batch(), made()
    given['present'] = {task: torch.zeros(4, dtype=torch.bool) for task in given['present']}
    total = sum(value.sum() for value in values(link, given, taps(given)).values())
    total.backward()
    assert total == 0 and all(p.grad is not None and not p.grad.any() for p in link.parameters())


def test_padding_does_not_count():
    given, link = batch((16, 16)), made()
    given['meta'] = [{'crop': (0, 0, 16, 8)} for _ in range(4)]
    seen = taps(given)
    plain = values(link, given, seen)
    changed = {tap: torch.cat([value[..., :4], value[..., 4:] + 9], -1) for tap, value in seen.items()}
    given['targets']['semseg'][..., 8:] = 3
    for term, value in values(link, given, changed).items():
        torch.testing.assert_close(value, plain[term])
    assert plain['depth/xtc'][2:].all()


def test_the_feature_carries_no_gradient_and_the_predictions_do():
    given, link = batch(), made()
    seen = {tap: value.detach().requires_grad_() for tap, value in taps(given).items()}
    sum(value.sum() for value in values(link, given, seen).values()).backward()
    assert seen['shared'].grad is None and seen['depth.out'].grad[2:].any() and not seen['depth.out'].grad[:2].any()


def test_learning_brings_a_prediction_to_what_the_other_label_says():
    """Depth is a function of the class; a depth without label improves, learned from samples with both labels."""
    torch.manual_seed(0)
    classes = torch.randint(0, 5, (8, 8, 12), dtype=torch.uint8)
    true = classes[:, None].float() + 1
    given = {'image': torch.zeros(8, 3, 8, 12, dtype=torch.uint8), 'meta': [{}] * 8, 'teacher': {},
             'targets': {'semseg': classes, 'depth': true},
             'present': {'semseg': torch.ones(8, dtype=torch.bool), 'depth': torch.arange(8) < 4}}
    link = made(widths=(8, 8), resolution='label')
    depth = torch.full((8, 1, 8, 12), 3.0).requires_grad_()
    seen = {'semseg.out': F.one_hot(classes.long(), 5).movedim(-1, 1) * 9.0, 'depth.out': depth,
            'shared': torch.randn(8, 4, 4, 6)}
    optimiser = torch.optim.Adam([{'params': [depth], 'lr': 0.05}, {'params': link.parameters(), 'lr': 0.01}])
    before = None
    for _ in range(40):
        total = sum(value.sum() for value in values(link, given, seen).values())
        before = before or total.item()
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    assert total.item() < 0.7 * before
    assert (depth[4:] - 3).abs().max() > 0.1 and torch.equal(depth[:4], torch.full_like(depth[:4], 3))


def test_in_a_distiller_beside_a_teacher():
    teacher = Teacher(TinyNet(seed=7), mean=MEAN, std=STD)
    distiller = Distiller({'big': teacher}, {'each_task': {'loss': {'type': 'OutputL1'}}, 'between_tasks': [
        {'type': 'CrossTaskConsistency', 'tap': 'shared', 'widths': (4,)}]}, weight=0.5)
    distiller.check(TinyNet().tap_specs, two_tasks())
    assert distiller.term_weights['depth/xtc'] == 1.0
    given = batch()
    terms = distiller(given, taps(given), two_tasks())
    assert terms['depth/xtc'] > 0 and terms['depth/xtc'].shape == ()
    twin = copy.deepcopy(distiller)
    twin.load_state_dict(distiller.state_dict())


def test_low_precision_taps_and_autocast():
    given = batch()
    link = made()
    full = values(link, given, taps(given))['depth/xtc']
    with torch.autocast('cpu', torch.bfloat16):
        half = values(link, given, {tap: value.bfloat16() for tap, value in taps(given).items()})['depth/xtc']
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, full, rtol=0.05, atol=0.02)


def _share(rank: int, ranks: int) -> dict:
    link, whole = made(), batch()
    own = slice(4 * rank // ranks, 4 * (rank + 1) // ranks)
    part = {'image': whole['image'][own], 'meta': whole['meta'][own], 'teacher': {},
            **{key: {task: value[own] for task, value in whole[key].items()} for key in ('targets', 'present')}}
    terms = link(part, {tap: value[own] for tap, value in taps(whole).items()}, {}, two_tasks())
    total = sum(global_ratio(*value) for value in terms.values())
    total.backward()
    return {'total': total.detach(), 'grads': [p.grad / ranks for p in link.parameters()]}


def test_two_ranks_are_one_process(tmp_path):
    whole, ranks = _share(0, 1), on_two_ranks(_share, tmp_path)
    torch.testing.assert_close(sum(rank['total'] for rank in ranks) / 2, whole['total'])
    torch.testing.assert_close([sum(pair) for pair in zip(*(rank['grads'] for rank in ranks), strict=True)], whole['grads'])


def test_official_distance_of_vectors():
    first, second = torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    torch.testing.assert_close(_distance(first[..., None, None], second[..., None, None])[:, 0, 0],
                               torch.tensor([1 - 0.5 ** 0.5, 1.0]))


def test_sizes_that_shrink_to_one_place_are_refused():
    link = CrossTaskConsistency(('semseg', 'depth'), tap='deep', classes='softmax')
    link.bind({**TinyNet().tap_specs, 'deep': TapSpec(4, 64)}, two_tasks(), {})
    given = batch()
    with pytest.raises(ValueError, match='pooled to a single position'):
        link(given, {**taps(given), 'deep': torch.zeros(4, 4, 1, 1)}, {}, two_tasks())


def test_the_deepest_trunk_tap_is_the_default():
    link = CrossTaskConsistency(('semseg', 'depth'))
    link.bind({**TinyNet().tap_specs, 'trunk.0': TapSpec(4, 4), 'trunk.1': TapSpec(9, 16)}, two_tasks(), {})
    assert link.tap == 'trunk.1' and link.maps.pools == 3
    assert [stage[0].conv.out_channels for stage in link.maps.stages] == [64, 128, 9]


@pytest.mark.parametrize(('options', 'words'), [
    ({'tasks': ('depth',)}, '1 tasks'), ({'gamma': -1.0}, 'gamma=-1.0'), ({'widths': ()}, r'widths=\(\)'),
    ({'sources': 'some'}, "sources='some'"), ({'classes': 'argmax'}, "classes='argmax'"),
    ({'resolution': 'half'}, "resolution='half'"), ({'tap': 'trunk.9'}, r"no map 'trunk\.9' among .*shared")])
def test_what_cannot_be_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        link = CrossTaskConsistency(**{'tasks': ('semseg', 'depth'), **options})
        link.bind(TinyNet().tap_specs, two_tasks(), {})


def test_tasks_of_whole_pictures_are_refused():
    tasks = build_tasks({'a': {'type': 'Classification', 'num_classes': 3}, 'depth': {'type': 'Depth'}})
    with pytest.raises(ValueError, match="does not support the labels of task 'a'"):
        CrossTaskConsistency(tuple(tasks)).bind({'a.out': TapSpec(3, 0), 'depth.out': TapSpec(1, 2)}, tasks, {})


def test_edges_are_binary_maps():
    tasks = build_tasks({'edge': {'type': 'Edge'}, 'depth': {'type': 'Depth'}})
    link = CrossTaskConsistency(tuple(tasks), tap='shared', widths=(4,))
    net = TinyNet(edge=1, depth=1)
    link.bind(net.tap_specs, tasks, {})
    given = batch()
    given['targets']['edge'] = (given['targets']['semseg'] == 1).to(torch.uint8)
    given['present'] = {'edge': torch.tensor([True, True, False, False]), 'depth': torch.tensor([False, False, True, True])}
    terms = link(given, net.eval()(normalised(given['image'])), {}, tasks)
    assert (terms['edge/xtc'][0] > 0).tolist() == [False, False, True, True]
    assert (terms['depth/xtc'][0] > 0).tolist() == [True, True, False, False]
