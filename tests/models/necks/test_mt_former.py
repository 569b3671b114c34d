import pytest
import torch
from torch.nn import functional as F

from mtkd.models import TapSpec
from mtkd.models.necks import MTFormerNeck
from mtkd.models.necks.mt_former import CrossTaskBlock, CrossTaskStage

from ..vectors import agree, fill, gradients, maps, score
from .scales import CHANNELS, OUT, STRIDES, features

SWIN = {'in_channels': (192, 384, 768), 'strides': (8, 16, 32)}


def neck(**changes):
    torch.manual_seed(0)
    return MTFormerNeck(**{'in_channels': CHANNELS, 'strides': STRIDES, 'out_channels': OUT, 'channels': 8, 'heads': 2,
                           'window': 4, **changes}).eval()


def test_forward_is_shared_own_and_cross_task_stages():
    net = neck()
    taps = net(features())
    common = net.common(net.embed(taps['shared']).permute(0, 2, 3, 1))
    own = {task: net.own[task](common) for task in OUT}
    others = {'semseg': ('depth', 'edge'), 'depth': ('semseg', 'edge'), 'edge': ('semseg', 'depth')}
    for task in OUT:
        torch.testing.assert_close(taps[f'{task}.own'], own[task].permute(0, 3, 1, 2))
        looked = net.cross[task](own[task], [own[other] for other in others[task]])
        torch.testing.assert_close(taps[f'{task}.in'], looked.permute(0, 3, 1, 2))


def test_a_tasks_values_are_mixed_by_where_every_task_looks():
    torch.manual_seed(0)
    block = CrossTaskBlock(8, 2, 4, False, tasks=3)
    own, *others = (torch.randn(1, 4, 4, 8) for _ in range(3))  # one window
    tokens = [block.norm(feature).reshape(1, 1, 16, 8) for feature in (own, *others)]
    answers = [block.attend(asking, tokens[0]) for asking in tokens]
    widths = [reduce(answer).shape[-1] for reduce, answer in zip(block.reduce, answers, strict=True)]
    assert widths == [8, 4, 4] and block.merge[0].in_features == 16
    assert {part[0].out_features for part in (*block.reduce, block.merge)} == {24}
    merged = answers[0] + block.merge(torch.cat([reduce(answer) for reduce, answer in zip(block.reduce, answers,
                                                                                            strict=True)], -1))
    first = own + merged.reshape(1, 4, 4, 8)
    torch.testing.assert_close(block(own, others), first + block.think(first))


def test_the_others_stay_as_they_come():
    torch.manual_seed(0)
    stage = CrossTaskStage(8, 2, 4, 2, tasks=2)
    own, other = torch.randn(1, 6, 9, 8), torch.randn(1, 6, 9, 8)
    first, second = stage.blocks
    assert (first.windows.shift, second.windows.shift) == (0, 2)
    torch.testing.assert_close(stage(own, [other]), F.layer_norm(second(first(own, [other]), [other]), (8,)))


def test_where_another_task_looks_matters():
    net, given = neck(), features()
    before = net(given)
    net.own['edge'].norm.weight.data.mul_(-2)
    after = net(given)
    assert not torch.allclose(after['depth.in'], before['depth.in'], atol=1e-4)
    assert torch.equal(after['depth.own'], before['depth.own'])


def test_parameters_are_the_releases():
    """The two-task network of KDAM's Table 1, 64.03 M: Swin-S, this neck, the released heads, and unused parameters."""
    with torch.device('meta'):
        net = MTFormerNeck(out_channels={'semseg': 40, 'depth': 1}, **SWIN)
    ours = sum(p.numel() for p in net.parameters())
    swin = 48.838602  # with four norms, test_net.py
    semseg = 256 * 256 + 2 * 256 + 257 * 40
    depth = 257 * 128 + 129 * 32 + 33
    patch_embeddings = 3 * (256 * 256 * 16 + 256 + 2 * 256)
    assert ours == 11_930_472 and not net.approximate
    assert swin + (ours + semseg + depth + patch_embeddings) / 1e6 == pytest.approx(64.03, abs=5e-3)


def test_parameters_of_the_releases_three_tasks():
    """Its network of PASCAL-Context, counted layer by layer."""
    with torch.device('meta'):
        net = MTFormerNeck(out_channels={'semseg': 21, 'human_parts': 7, 'sal': 1}, **SWIN)
    c, hidden = 256, 768
    attention, norms = 4 * (c * c + c) + 169 * 4, 4 * c
    block = attention + norms + 8 * c * c + 5 * c
    mixing = (c * hidden + hidden + hidden * c + c) + 2 * (c * hidden + hidden + hidden * 128 + 128) + (
        2 * c * hidden + hidden + hidden * c + c)
    stages = 4 * (2 * block + 2 * c) + 3 * (2 * (block + mixing) + 2 * c)
    assert sum(p.numel() for p in net.parameters()) == 1344 * c + c + stages and not net.approximate


def test_widths_and_what_is_approximate():
    net = neck()
    specs = net.tap_specs
    assert (specs['shared'], specs['depth.own'], specs['depth.in']) == (TapSpec(12, 4), TapSpec(8, 4), TapSpec(8, 4))
    assert neck(out_channels={**OUT, 'normals': 3}).approximate


@pytest.mark.parametrize('changes, said', [
    ({'heads': 3}, 'channels=8, heads=3'), ({'channels': 1, 'heads': 1}, 'channels=1, heads=1, .* 3 tasks.* at least 2'),
    ({'window': 1}, 'window=1'), ({'depth': 0}, 'depth=0')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)


@pytest.mark.parametrize('name, tasks, changes', [
    ('mtformer_pascal', {'semseg': 6, 'human_parts': 7, 'sal': 2}, {}),
    ('mtformer_nyud', {'semseg': 6, 'depth': 1}, {'faithful_to_release': True})])
def test_it_is_the_official_decoder(name, tasks, changes):
    net = fill(MTFormerNeck([6, 8, 10], (8, 16, 32), tasks, channels=16, **changes))
    scales = maps((6, 9, 16), (8, 5, 8), (10, 3, 4))
    taps = net(list(scales.values()))
    made = {f'{task}.in': taps[f'{task}.in'] for task in tasks}
    agree(name, {**made, **gradients(score(made), scales)})


def test_only_the_released_network_of_two_tasks_scales_by_two_widths():
    two, three = dict(list(OUT.items())[:2]), OUT
    assert neck(out_channels=two).cross['depth'].blocks[0].attend.scale == 4 ** -0.5
    assert neck(out_channels=two, faithful_to_release=True).cross['depth'].blocks[1].attend.scale == 8 ** -0.5
    assert neck(out_channels=three, faithful_to_release=True).cross['depth'].blocks[0].attend.scale == 4 ** -0.5
