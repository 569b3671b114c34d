import pytest
import torch
from torch.nn import functional as F

from mtkd.models import TapSpec, build_net
from mtkd.models.necks import InvPTNeck
from mtkd.models.necks.inv_pt import InvPTStage, UpEmbed

from ..vectors import agree, fill, gradients, maps, score
from .scales import CHANNELS, OUT, STRIDES, features

LAYERS, ONE_STRIDE = [6, 6, 6, 6], [16, 16, 16, 16]
NYUD = {'semseg': 40, 'depth': 1, 'normals': 3, 'edge': 1}
PASCAL = {'semseg': 21, 'human_parts': 7, 'sal': 2, 'normals': 3, 'edge': 1}


def neck(**changes):
    torch.manual_seed(0)
    net = InvPTNeck(**{'in_channels': CHANNELS, 'strides': STRIDES, 'out_channels': OUT, 'channels': 8, 'width': 16,
                       **changes})
    for parameter in net.parameters():
        parameter.data.add_(0.05 * torch.randn(parameter.shape))
    return net.eval()


def layers(height=3, width=4):
    rng = torch.Generator().manual_seed(2)
    return [torch.randn(2, 6, height, width, generator=rng) for _ in LAYERS]


def up(feature, size):
    return F.interpolate(feature, size=tuple(size), mode='bilinear', align_corners=False)


def expected(net, start, skips, size):
    """Written out: features and predictions on the coarsest grid, three stages, their sum."""
    own = {task: net.own[task](start) for task in OUT}
    aux = {task: net.aux[task](own[task]) for task in OUT}
    maps = torch.stack([net.mix[task](torch.cat((own[task], aux[task]), 1)) for task in OUT], 1)
    maps, message, coarse = net.stages[0](maps, start, None)
    maps, message, middle = net.stages[1](maps, skips[0], message)
    _, _, fine = net.stages[2](maps, skips[1], message)
    made = {}
    for t, task in enumerate(OUT):
        total = up(coarse[t], size) + up(middle[t], size) + up(fine[t], size)
        made.update({f'{task}.own': own[task], f'{task}.aux': aux[task], f'{task}.in': net.merge[task](total)})
    return made


def test_three_stages_on_the_coarsest_scales():
    net, given = neck(), features()
    taps = net(given)
    for tap, value in expected(net, given[2], (given[1], given[0]), (10, 13)).items():
        torch.testing.assert_close(taps[tap], value)
    torch.testing.assert_close(taps['shared'], torch.cat([up(feature, (10, 13)) for feature in given], 1))


@pytest.mark.parametrize('size, start', [((4, 6), (2, 3)), ((3, 5), (2, 3))])
def test_three_stages_around_the_grid_of_a_trunk_of_one_stride(size, start):
    net, given = neck(in_channels=LAYERS, strides=ONE_STRIDE), layers(*size)
    taps = net(given)
    fine = (4 * size[0], 4 * size[1])
    for tap, value in expected(net, up(given[3], start), (given[1], given[0]), fine).items():
        torch.testing.assert_close(taps[tap], value)
    assert taps['edge.in'].shape == (2, 16, *fine)
    specs = net.tap_specs
    assert (specs['shared'], specs['edge.own'], specs['edge.aux'], specs['edge.in']) == (
        TapSpec(24, 16), TapSpec(8, 32), TapSpec(1, 32), TapSpec(16, 4))


@pytest.mark.parametrize('index', [0, 1, 2])
def test_a_stage_is_embedding_attention_and_a_norm_over_all_tasks(index):
    torch.manual_seed(0)
    embed = torch.nn.Conv2d(5, 16 >> index, 1) if index else None
    stage = InvPTStage(3, 16, index, embed, 2, 0.15, False).eval()
    rng = torch.Generator().manual_seed(1)
    before, trunk = torch.randn(2, 3, 16 >> max(index - 1, 0), 3, 4, generator=rng), torch.randn(2, 5, 6, 8, generator=rng)
    keys = {1: 3 * 2 * 2, 2: 3}.get(index)  # the 6 x 8 positions of three tasks in squares of 4 x 4, or of 8 x 8
    message = torch.randn(2, 2, keys, 3, 2, 2, generator=rng) if keys else None
    maps, said, given = stage(before, trunk, message)
    own = torch.stack([stage.up[t](before[:, t], embed(trunk)) for t in range(3)], 1) if index else before
    block, scores = stage.block(own, message)
    torch.testing.assert_close(maps, block)
    torch.testing.assert_close(said, scores)
    for y, x in ((0, 0), (2, 3)):
        place = F.layer_norm(block[:, :, :, y, x].flatten(1), (3 * (16 >> index),))
        for t, part in enumerate(place.chunk(3, 1)):
            wide = stage.widen[t](part[:, :, None, None])[..., 0, 0] if index else part
            torch.testing.assert_close(given[t][..., y, x], wide)


def test_a_finer_map_is_two_dilated_convolutions_and_the_trunks():
    torch.manual_seed(0)
    part, own, trunk = UpEmbed(8, 4).eval(), torch.randn(2, 8, 3, 4), torch.randn(2, 4, 5, 8)
    first, second = (F.conv2d(value, conv.weight, padding=2, dilation=2) for value, conv in (
        (up(own, (5, 8)), part.refine[0]), (part.refine[:3](up(own, (5, 8))), part.refine[3])))
    torch.testing.assert_close(part.refine[0](up(own, (5, 8))), first)
    torch.testing.assert_close(part(own, trunk), part.refine[4:](second) + trunk)


def test_tasks_attend_to_each_other():
    net, given = neck(), features()
    before = net(given)['depth.in']
    net.own['edge'][0][0].weight.data.mul_(-2)
    assert not torch.allclose(net(given)['depth.in'], before)


def test_the_third_layer_of_a_plain_transformer_has_no_use():
    net, given = neck(in_channels=LAYERS, strides=ONE_STRIDE), layers()
    taps, other = net(given), net([*given[:2], given[2] + 1, given[3]])
    assert torch.equal(taps['depth.in'], other['depth.in']) and not torch.equal(taps['shared'], other['shared'])


def test_as_released_the_scale_is_of_the_whole_width_and_no_path_is_dropped():
    plain, released = neck(), neck(faithful_to_release=True)
    released.load_state_dict(plain.state_dict())
    assert not torch.allclose(plain(features())['depth.in'], released(features())['depth.in'])
    one, other = neck(heads=1), neck(heads=1, faithful_to_release=True)
    torch.testing.assert_close(one(features())['depth.in'], other(features())['depth.in'])
    assert {stage.block.skip.p for stage in plain.stages} == {0.15}
    assert {stage.block.skip.p for stage in released.stages} == {0.0}


@pytest.mark.parametrize('tasks, release', [(NYUD, 97.934), (PASCAL, 118.761)])
def test_parameters_are_the_releases_without_those_it_never_uses(tasks, release):
    """The released decoder on ViT-L, layer by layer, and its unused or cancelled parameters, by name."""
    each, outputs, trunk, widths = len(tasks), sum(tasks.values()), 1024, (576, 288, 144)
    preliminary = each * (9 * trunk ** 2 + 2 * trunk + 9 * trunk * 512 + 2 * 512)
    predictions = outputs * 513 + outputs * 576 + each * 513 * 576
    embeddings = sum(9 * trunk * c + c for c in widths)
    finer = each * sum(9 * 2 * c * c + 9 * c * c + 4 * c for c in widths[1:])
    attention = sum(4 * (c * c + c) + each * (9 * c + 2 * c) + 10 for c in widths)
    blocks = sum(8 * c * c + 5 * c + 4 * c for c in widths) + sum(2 * each * c for c in widths) + 2 * each * widths[-1]
    ends = each * (sum(c * 576 + 576 for c in widths) + 9 * 576 ** 2 + 3 * 576)
    whole = preliminary + predictions + embeddings + finer + attention + blocks + ends
    third_embedding, last_norm = 9 * trunk * 576 + 576, 2 * each * widths[-1]
    widening_of_the_first, mixing_of_the_first = each * (576 ** 2 + 576), 10
    cancelled = sum(widths) + 2 * 2 + each * 576  # biases of keys, of the mixtures, before the last norms
    with torch.device('meta'):
        net = InvPTNeck([trunk] * 4, ONE_STRIDE, tasks)
    ours = sum(p.numel() for p in net.parameters())
    assert ours == whole - third_embedding - last_norm - widening_of_the_first - mixing_of_the_first - cancelled
    assert whole / 1e6 == pytest.approx(release, abs=1e-3)


def test_on_a_plain_transformer_of_timm():
    backbone = {'type': 'TimmBackbone', 'name': 'test_vit', 'out_indices': (0, 1, 3, 5), 'stage_norm': 'last',
                'dynamic_img_size': True, 'pad_multiple': 16}
    net = build_net({'backbone': backbone, 'neck': {'type': 'InvPTNeck', 'channels': 8, 'width': 16},
                     'head': {'type': 'LogitsHead'}}, OUT).eval()
    assert net.aux_taps == {task: (f'{task}.aux',) for task in OUT} and not net.trunk.neck.approximate
    with torch.no_grad():
        taps = net(torch.randn(1, 3, 64, 96))
    assert set(taps) == set(net.tap_specs)
    for tap, spec in net.tap_specs.items():
        assert taps[tap].shape == (1, spec.channels, 64 // spec.stride, 96 // spec.stride), tap


def test_on_scales_it_says_that_it_is_approximate():
    assert neck().approximate and not neck(in_channels=LAYERS, strides=ONE_STRIDE).approximate
    assert 'approximate' in InvPTNeck.__doc__


@pytest.mark.parametrize('changes, said', [
    ({'in_channels': [4, 5], 'strides': [8, 16]}, r'strides \[8, 16\]; its stages need three or more scales'),
    ({'strides': [4, 16, 32]}, r'strides \[4, 16, 32\].*whose last three strides double'),
    ({'strides': [16, 8, 4]}, 'finest first'),
    ({'in_channels': [6] * 3, 'strides': [16] * 3}, r'strides \[16, 16, 16\].*four or more layers of one stride'),
    ({'in_channels': [6] * 4, 'strides': [14] * 4}, r'strides \[14, 14, 14, 14\].*divisible by 4'),
    ({'in_channels': [6] * 4, 'strides': [0] * 4}, r'strides \[0, 0, 0, 0\]'),
    ({'width': 18}, r'width=18, heads=2.*18 / 4'), ({'heads': 3}, 'width=16, heads=3'),
    ({'channels': 0}, 'channels=0')])
def test_what_it_cannot_use_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)


@pytest.mark.parametrize('name, strides, grids, unused', [
    ('invpt', [16, 16, 16, 16], [(4, 8)] * 4, 'scale2'),
    ('invpt_scales', [4, 8, 16, 32], [(16, 32), (8, 16), (4, 8), (2, 4)], 'scale0')])
def test_as_released_it_is_the_official_decoder(name, strides, grids, unused):
    """On layers of one stride, the whole decoder; on scales, for which there is no release, its parts."""
    tasks, channels = {'semseg': 6, 'normals': 3, 'edge': 1}, [8, 10, 12, 14]
    net = fill(InvPTNeck(channels, strides, tasks, channels=29, width=32, faithful_to_release=True)).float()
    scales = {key: value.detach().float().requires_grad_()
              for key, value in maps(*((c, *grid) for c, grid in zip(channels, grids, strict=True))).items()}
    taps = net(list(scales.values()))
    made = {f'{task}.{tap}': taps[f'{task}.{tap}'] for tap in ('in', 'aux') for task in tasks}
    scales.pop(unused)
    agree(name, {**made, **gradients(score(made), scales)}, rtol=1e-4, atol=1e-4)
