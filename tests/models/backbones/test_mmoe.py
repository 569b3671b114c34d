import pytest
import torch

from mtkd.models import TapSpec, build_net
from mtkd.models.backbones import MMoETrunk

from ..vectors import agree, fill, gradients, noise, parameters, score

TASKS = ('age', 'race', 'gender')
NARROW = {'type': 'TimmBackbone', 'name': 'resnet18', 'channels': (4, 6, 8, 10)}


def picture(side=24):
    return noise(3, 3, side, side, key='image').requires_grad_()


def test_it_is_libmtls():
    trunk, image = fill(MMoETrunk(TASKS, NARROW, shared_experts=3, gate_size=24)), picture()
    made = {f'{task}.in': trunk(image)[f'{task}.in'] for task in TASKS}
    asked = ('gates.race.scores.weight', 'shared_experts.1.backbone.body.layer2.0.conv1.weight')
    agree('mmoe', {**made, **gradients(score(made), {'image': image, **parameters(trunk, asked)})})


def test_taps_are_what_is_promised_at_any_size():
    trunk = MMoETrunk(TASKS, NARROW, shared_experts=2).eval()
    taps = trunk(torch.randn(2, 3, 40, 33))
    promised = {name: spec.channels for name, spec in trunk.tap_specs.items()}
    assert {name: tap.shape[1] for name, tap in taps.items()} == promised
    assert trunk.tap_specs['shared'] == TapSpec(20, 0) and trunk.tap_specs['age.gate'] == TapSpec(2, 0)
    torch.testing.assert_close(taps['age.gate'].sum(1), torch.ones(2))


def test_a_network_of_it_learns_everywhere_and_experts_may_make_maps():
    cfg = {'trunk': {'type': 'MMoETrunk', 'backbone': NARROW, 'shared_experts': 2}, 'head': {'type': 'LinearHead'}}
    net = build_net(cfg, dict.fromkeys(TASKS, 4))
    taps = net(torch.randn(3, 3, 32, 32))
    sum(taps[f'{task}.out'].square().sum() for task in TASKS).backward()
    assert all(p.grad is not None for p in net.parameters())
    maps = MMoETrunk(TASKS, NARROW, {'type': 'ConcatNeck'}).eval()(torch.randn(2, 3, 32, 32))
    assert maps['age.in'].shape == (2, 28, 8, 8)


@pytest.mark.parametrize('changes', [{'shared_experts': 0}, {'gate_size': 0}])
def test_what_makes_no_sense_is_said(changes):
    with pytest.raises(ValueError, match='both must be 1 or more'):
        MMoETrunk(TASKS, NARROW, **changes)
