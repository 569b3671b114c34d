import pytest
import torch

from mtkd.models import TapSpec
from mtkd.models.backbones import CGCTrunk

from ..vectors import agree, fill, gradients, noise, parameters, score

TASKS = ('age', 'race', 'gender')
NARROW = {'type': 'TimmBackbone', 'name': 'resnet18', 'channels': (4, 6, 8, 10)}


def picture(side=24):
    return noise(3, 3, side, side, key='image').requires_grad_()


def test_it_is_libmtls():
    trunk = fill(CGCTrunk(TASKS, NARROW, shared_experts=2, own_experts={'age': 1, 'race': 2, 'gender': 1}, gate_size=24))
    image = picture()
    made = {f'{task}.in': trunk(image)[f'{task}.in'] for task in TASKS}
    asked = ('gates.race.scores.weight', 'own.race.1.backbone.body.layer2.0.conv1.weight')
    agree('cgc', {**made, **gradients(score(made), {'image': image, **parameters(trunk, asked)})})


def test_a_task_learns_its_own_experts_alone():
    trunk = CGCTrunk(TASKS, NARROW)
    taps = trunk(torch.randn(3, 3, 32, 32))
    taps['age.in'].square().sum().backward()
    touched = {name.split('.')[1] for name, p in trunk.own.named_parameters(prefix='own') if p.grad is not None}
    assert touched == {'age'} and all(p.grad is not None for p in trunk.shared_experts.parameters())
    assert trunk.tap_specs['age.own'] == TapSpec(10, 0) and taps['age.gate'].shape == (3, 2)


@pytest.mark.parametrize('changes, said', [
    ({'shared_experts': 0}, 'both must be 1 or more'), ({'own_experts': 0}, 'own_experts=')])
def test_what_makes_no_sense_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        CGCTrunk(TASKS, NARROW, **changes)
