import pytest
import torch
from torch.nn import functional as F

from mtkd.models import TapSpec
from mtkd.models.necks import MTINetNeck
from mtkd.models.necks.mti_net import FeaturePropagation

from ..vectors import agree, fill, gradients, maps, score
from .scales import CHANNELS, OUT, STRIDES, features


def neck(**changes):
    torch.manual_seed(0)
    return MTINetNeck(**{'in_channels': CHANNELS, 'strides': STRIDES, 'out_channels': OUT, **changes}).eval()


def up(coarse, fine):
    return F.interpolate(coarse, size=fine.shape[-2:], mode='bilinear', align_corners=False)


def test_forward_is_the_papers_from_coarse_to_fine():
    net, given = neck(), features()
    taps = net(given)
    own = [{}, {}, {}]
    for task in OUT:
        own[2][task] = net.refine[2][task](given[2])
    handed = net.propagate[1](own[2])
    for task in OUT:
        own[1][task] = net.refine[1][task](torch.cat((given[1], up(handed[task], given[1])), 1))
    handed = net.propagate[0](own[1])
    for task in OUT:
        own[0][task] = net.refine[0][task](torch.cat((given[0], up(handed[task], given[0])), 1))
    for i in range(3):
        exchanged = net.distil[i](own[i])
        for task in OUT:
            torch.testing.assert_close(taps[f'{task}.aux{i}'], net.aux[i][task](own[i][task]))
            torch.testing.assert_close(taps[f'{task}.scale{i}'], exchanged[task])
    scales = [taps['edge.scale0'], up(taps['edge.scale1'], given[0]), up(taps['edge.scale2'], given[0])]
    torch.testing.assert_close(taps['edge.in'], torch.cat(scales, 1))
    torch.testing.assert_close(taps['shared'], torch.cat([given[0], up(given[1], given[0]), up(given[2], given[0])], 1))


@pytest.mark.parametrize('released', [False, True])
def test_the_gate_is_over_tasks_or_as_released_over_neighbouring_channels(released):
    torch.manual_seed(0)
    part = FeaturePropagation(['a', 'b'], 4, faithful_to_release=released).eval()
    own = {'a': torch.randn(1, 4, 3, 2), 'b': torch.randn(1, 4, 3, 2)}
    stacked = torch.cat((own['a'], own['b']), 1)
    scores = part.gate(stacked)
    groups = [(2 * i, 2 * i + 1) for i in range(4)] if released else [(i, i + 4) for i in range(4)]
    gated = torch.empty_like(stacked)
    for group in groups:
        gated[:, group] = scores[:, group].softmax(1) * stacked[:, group]
    shared = part.reduce(gated)
    for task, value in part(own).items():
        torch.testing.assert_close(value, part.excite[task](shared) + own[task])


def test_taps_of_every_scale():
    specs = neck().tap_specs
    assert specs['shared'] == specs['depth.in'] == TapSpec(12, 4)
    assert [specs[f'semseg.scale{i}'] for i in range(3)] == [TapSpec(3, 4), TapSpec(4, 8), TapSpec(5, 16)]
    assert [specs[f'semseg.aux{i}'] for i in range(3)] == [TapSpec(6, 4), TapSpec(6, 8), TapSpec(6, 16)]


def test_gates_over_two_arguments_cost_the_same():
    plain, released = neck(), neck(faithful_to_release=True)
    assert [p.shape for p in plain.parameters()] == [p.shape for p in released.parameters()]
    released.load_state_dict(plain.state_dict())
    assert not torch.allclose(plain(features())['depth.in'], released(features())['depth.in'])


@pytest.mark.parametrize('changes, said', [
    ({'in_channels': [5], 'strides': [16]}, r'the strides \[16\]; it needs two or more, finest first'),
    ({'strides': [16, 8, 4]}, r'the strides \[16, 8, 4\]'), ({'strides': [4, 8, 8]}, 'finest first'),
    ({'lateral_channels': 1}, '3 tasks of 1 channels are too few')])
def test_scales_it_cannot_use_are_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)


def test_as_released_it_is_the_surveys():
    net = fill(MTINetNeck([16, 18, 20, 24], [4, 8, 16, 32], OUT, faithful_to_release=True))
    scales = maps((16, 16, 24), (18, 8, 12), (20, 4, 6), (24, 2, 3))
    taps = net(list(scales.values()))
    made = {f'{task}.in': taps[f'{task}.in'] for task in OUT}
    made.update({f'{task}.aux{i}': taps[f'{task}.aux{i}'] for task in OUT for i in range(4)})
    agree('mtinet', {**made, **gradients(score(made), scales)})
