import pytest
import torch

from mtkd.models.necks import CrossStitchNeck

from .scales import CHANNELS, OUT, STRIDES, features


def neck(**changes):
    torch.manual_seed(0)
    return CrossStitchNeck(CHANNELS, STRIDES, OUT, channels=5, **changes).eval()


def test_features_are_mixed_per_channel():
    net = neck()
    net.stitch.mixing.data.normal_()
    taps = net(features())
    for t, task in enumerate(OUT):
        for channel in range(5):
            expected = sum(net.stitch.mixing[t, s, channel] * taps[f'{other}.own'][:, channel]
                           for s, other in enumerate(OUT))
            torch.testing.assert_close(taps[f'{task}.in'][:, channel], expected)


@pytest.mark.parametrize('own, other', [(0.9, 0.1), (0.8, 0.05)])
def test_mixing_begins_near_the_own_feature(own, other):
    taps = neck(own=own, other=other)(features())
    torch.testing.assert_close(taps['depth.in'],
                               own * taps['depth.own'] + other * (taps['semseg.own'] + taps['edge.own']))


def test_it_adds_a_scalar_per_pair_of_tasks_and_channel():
    net = neck()
    assert net.stitch.mixing.numel() == 3 * 3 * 5 == sum(p.numel() for p in net.parameters()) - sum(
        p.numel() for p in net.own.parameters())
