import pytest
import torch

from mtkd.models import build_net
from mtkd.models.backbones import LTBTrunk

from ..vectors import agree, fill, gradients, noise, parameters, score

TASKS = ('age', 'race', 'gender')
NARROW = {'type': 'TimmBackbone', 'name': 'resnet18', 'channels': (4, 6, 8, 10)}


def picture(side=24):
    return noise(3, 3, side, side, key='image').requires_grad_()


@pytest.mark.parametrize('name, epoch', [('ltb_warm', 1), ('ltb', 30)])
def test_it_is_libmtls_with_the_same_samples(name, epoch, monkeypatch):
    trunk, image = fill(LTBTrunk(TASKS, NARROW)), picture()
    trunk.begin_step((epoch + 0.5) / 200)
    trunk.training = True  # of the choices, not of the norms
    gumbel = noise(4, 3, 3, key='gumbel')
    monkeypatch.setattr(torch.Tensor, 'exponential_', lambda self: self.copy_((-gumbel).exp()))
    taps = trunk(image)
    made = {f'{task}.scale3': taps[f'{task}.scale3'] for task in TASKS}
    asked = ('backbones.race.body.layer2.0.conv1.weight', *(('scores',) if name == 'ltb' else ()))
    agree(name, {**made, **gradients(score(made), {'image': image, **parameters(trunk, asked)})})


def test_temperature_falls_after_the_warm_up():
    trunk = LTBTrunk(TASKS, NARROW)
    seen = []
    for progress in (0.0, 0.0099, 0.0101, 0.5, 1.0):
        trunk.begin_step(progress)
        seen.append((bool(trunk.warm), round(float(trunk.temperature), 4)))
    assert seen == [(True, 10.0), (True, 7.0711), (False, 5.7735), (False, 0.995), (False, 0.7053)]
    assert not set(trunk.state_dict()) & {'temperature', 'warm'}


def test_in_the_end_a_branch_goes_on_from_its_likeliest_parent():
    trunk = LTBTrunk(TASKS, NARROW).eval()
    assert trunk.parents().tolist() == [[0, 1, 2]] * 4, 'each task itself, as long as nothing is learned'
    trunk.scores.data[2, 0, 1] = 2  # before the third stage, age branches off from race
    image = torch.randn(2, 3, 32, 32)
    taps = trunk(image)
    body = trunk.backbones['age'].body
    torch.testing.assert_close(taps['age.scale2'], body['layer3'](taps['race.scale1']))
    torch.testing.assert_close(taps['race.scale2'], trunk.backbones['race'].body['layer3'](taps['race.scale1']))
    torch.testing.assert_close(taps['age.in'], taps['age.scale3'].mean((2, 3)))


def test_a_network_of_it_trains_its_scores_and_is_told_the_progress():
    cfg = {'trunk': {'type': 'LTBTrunk', 'backbone': NARROW}, 'head': {'type': 'LinearHead'}}
    net = build_net(cfg, dict.fromkeys(TASKS, 4))
    net.begin_step(0.25)
    assert float(net.trunk.temperature) == pytest.approx(10 / 51 ** 0.5)
    torch.manual_seed(0)
    taps = net(torch.randn(3, 3, 32, 32))
    sum(taps[f'{task}.out'].square().sum() for task in TASKS).backward()
    assert net.trunk.scores.grad.abs().sum() > 0


def test_a_length_of_the_schedule_is_needed():
    with pytest.raises(ValueError, match='1 or more'):
        LTBTrunk(TASKS, NARROW, epochs=0)
