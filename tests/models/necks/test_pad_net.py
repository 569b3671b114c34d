import pytest
import torch

from mtkd.models import TapSpec
from mtkd.models.necks import PADNetNeck

from ..vectors import agree, fill, gradients, maps, score
from .scales import CHANNELS, OUT, STRIDES, features


def neck(**changes):
    torch.manual_seed(0)
    return PADNetNeck(CHANNELS, STRIDES, OUT, **{'channels': 8, **changes}).eval()


def test_lite_passes_features_through_the_targets_gate():
    net = neck()
    taps = net(features())
    for task in OUT:
        passed = sum(net.distil.passed[task][other](taps[f'{other}.own']) for other in OUT if other != task)
        gate = torch.sigmoid(net.distil.gates[task](taps[f'{task}.own']))
        torch.testing.assert_close(taps[f'{task}.in'], taps[f'{task}.own'] + gate * passed)
    assert task not in net.distil.passed[task]


def test_full_attends_in_the_source():
    net = neck(style='full')
    taps = net(features())
    expected = taps['depth.own'].clone()
    for other in ('semseg', 'edge'):
        passed, feature = net.distil.passed['depth'][other], taps[f'{other}.own']
        expected += passed.conv(feature) * torch.sigmoid(passed.attention(feature))
    torch.testing.assert_close(taps['depth.in'], expected)
    torch.testing.assert_close(taps['shared'], net.mix(net.concat(features())))


@pytest.mark.parametrize('style', ['lite', 'full'])
def test_each_task_is_predicted_before_the_exchange(style):
    net = neck(style=style)
    taps = net(features())
    for task, channels in OUT.items():
        assert net.tap_specs[f'{task}.aux'] == TapSpec(channels, 4)
        assert torch.equal(taps[f'{task}.aux'], net.aux[task](taps[f'{task}.own']))


def test_widths_of_the_styles():
    assert PADNetNeck(CHANNELS, STRIDES, OUT).channels == 67
    with torch.device('meta'):
        assert PADNetNeck(CHANNELS, STRIDES, OUT, style='full').channels == 256


@pytest.mark.parametrize('changes, said', [
    ({'style': 'light'}, "style='light' is unknown; choose one of lite, full"),
    ({'style': 'full', 'channels': 67}, '67 channels are not a multiple of 4')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)


def test_the_full_form_is_the_surveys():
    net, scales = fill(PADNetNeck([6, 8, 10], STRIDES, OUT, style='full')), maps((6, 6, 8), (8, 3, 4), (10, 2, 2))
    taps = net(list(scales.values()))
    made = {f'{task}.{tap}': taps[f'{task}.{tap}'] for tap in ('in', 'aux') for task in OUT}
    agree('padnet', {**made, **gradients(score(made), scales)})
