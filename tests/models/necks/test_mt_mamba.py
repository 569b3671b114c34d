import pytest
import torch

from mtkd.models import TapSpec
from mtkd.models.necks import MTMambaNeck
from mtkd.models.necks.mt_mamba import PatchExpand

from ..vectors import agree, fill, gradients, maps, parameters, score
from .scales import CHANNELS, OUT, STRIDES, features


def test_it_is_the_official_decoder():
    net, scales = fill(MTMambaNeck([4, 8, 16], STRIDES, OUT, states=3)), maps((4, 8, 12), (8, 4, 6), (16, 2, 3))
    taps = net(list(scales.values()))
    made = {f'{task}.in': taps[f'{task}.in'] for task in OUT}
    asked = ('stages.0.across.layer.scan.decay', 'stages.1.own.depth.1.layer.scan.project')
    agree('mtmamba', {**made, **gradients(score(made), {**scales, **parameters(net, asked)})}, rtol=1e-5, atol=1e-6)


def test_taps_at_odd_sizes_and_with_laterals():
    for changes in ({}, {'lateral_channels': 4, 'expand': 1}):
        net = MTMambaNeck(CHANNELS, STRIDES, OUT, states=2, **changes).eval()
        taps = net(features())
        assert {name: tap.shape[1] for name, tap in taps.items()} == {name: s.channels for name, s in net.tap_specs.items()}
        assert taps['depth.own'].shape[2:] == (10, 13)
        assert taps['depth.in'].shape[2:] == ((10, 13) if changes else (40, 52))
    assert net.tap_specs['depth.in'] == TapSpec(4, 4)


def test_every_parameter_learns_from_every_task():
    net = MTMambaNeck(CHANNELS, STRIDES, OUT, states=2, drop_path=0.0)
    taps = net(features())
    taps['depth.in'].square().sum().backward()
    untouched = {name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum()}
    heads = {f'expand.{task}.{part}' for task in ('semseg', 'edge') for part in ('widen.weight', 'norm.weight', 'norm.bias')}
    last = {name for name, _ in net.named_parameters()
            if name.startswith('stages.1.across.') and ('.semseg.' in name or '.edge.' in name)}
    assert untouched == heads | last, 'the others are used in the exchange'


def test_drop_path_falls_to_nothing():
    net = MTMambaNeck(CHANNELS, STRIDES, OUT)
    rates = [rate for stage in net.stages for rate in (*(block.skip.p for block in stage.own['edge']), stage.across.skip.p)]
    assert rates == pytest.approx([0.2, 0.16, 0.12, 0.08, 0.04, 0.0], abs=1e-6)


def test_a_place_is_unfolded_row_by_row():
    part = PatchExpand(1, 1, 2)
    part.widen.weight.data = torch.tensor([[1.0], [2], [3], [4]])
    part.norm = torch.nn.Identity()
    assert part(torch.ones(1, 1, 2, 1))[0, ..., 0].tolist() == [[1, 2, 1, 2], [3, 4, 3, 4]]


@pytest.mark.parametrize('changes, said', [
    ({'strides': [4, 8, 8]}, 'each with half the stride of the next'), ({'states': 0}, 'states=0'),
    ({'expand': 3}, 'expand=3'),    ({'out_channels': {'depth': 1}}, 'only .depth.')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        MTMambaNeck(**{'in_channels': CHANNELS, 'strides': STRIDES, 'out_channels': OUT, **changes})
