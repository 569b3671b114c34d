import pytest
import torch
from torch.nn import functional as F

from mtkd.models.necks import PAPNeck

from .scales import CHANNELS, OUT, STRIDES, features


def neck(**changes):
    torch.manual_seed(0)
    net = PAPNeck(CHANNELS, STRIDES, OUT, **{'channels': 8, **changes}).eval()
    net.mixing.data.normal_()
    return net


def test_forward_is_the_fact_sheets():
    """Fact sheet 4.4, position by position, two steps."""
    net = neck(beta=0.3, steps=2)
    taps = net(features(64, 96))
    coarse = {task: F.avg_pool2d(taps[f'{task}.own'], 4) for task in OUT}
    affinities = []
    for task in OUT:
        places = net.embed[task](coarse[task]).flatten(2)
        affinities.append(torch.einsum('bcp,bcq->bpq', places, places).softmax(-1))
    for t, task in enumerate(OUT):
        mixed = sum(share * affinity for share, affinity in zip(net.mixing[t].softmax(0), affinities, strict=True))
        torch.testing.assert_close(mixed.sum(-1), torch.ones_like(mixed.sum(-1)))
        first = coarse[task].flatten(2)
        spread = first
        for _ in range(2):
            spread = 0.3 * torch.einsum('bpq,bcq->bcp', mixed, spread) + 0.7 * first
        fine = F.interpolate(spread.view_as(coarse[task]), (16, 24), mode='bilinear', align_corners=False)
        torch.testing.assert_close(taps[f'{task}.in'], net.merge[task](torch.cat((taps[f'{task}.own'], fine), 1)))


def test_affinities_may_be_taken_at_the_trunks_own_stride():
    net = neck(affinity_stride=4)
    assert net.shrink == 1 and net(features())['depth.in'].shape[-2:] == (10, 13)


def test_it_says_that_it_is_approximate():
    assert PAPNeck.approximate and 'approximate' in PAPNeck.__doc__


@pytest.mark.parametrize('changes, said', [
    ({'affinity_stride': 10}, 'affinity_stride=10 is not a multiple of 4'),
    ({'affinity_stride': 2}, 'affinity_stride=2 is not a multiple of 4'),
    ({'beta': 1.5}, r'beta=1\.5, steps=1; beta must be between 0 and 1'), ({'steps': 0}, 'steps 1 or more')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)
