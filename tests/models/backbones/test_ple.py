import pytest
import torch

from mtkd.models import TapSpec
from mtkd.models.backbones import PLETrunk

from ..vectors import agree, fill, gradients, noise, parameters, score

TASKS = ('age', 'race', 'gender')
NARROW = {'type': 'TimmBackbone', 'name': 'resnet18', 'channels': (4, 6, 8, 10)}


def picture(side=24):
    return noise(3, 3, side, side, key='image').requires_grad_()


def test_in_its_style_it_is_libmtls():
    counts = {'age': 1, 'race': 2, 'gender': 1}
    trunk = fill(PLETrunk(TASKS, NARROW, shared_experts=2, own_experts=counts, gate_size=(24, 6, 6, 3, 2), style='libmtl'))
    image = picture()
    made = {f'{task}.scale3': trunk(image)[f'{task}.scale3'] for task in TASKS}
    asked = ('gates.race.2.scores.weight', 'own.race.1.body.layer2.0.conv1.weight')
    agree('ple', {**made, **gradients(score(made), {'image': image, **parameters(trunk, asked)})})


def test_as_in_the_paper_shared_experts_read_what_all_experts_gave():
    """Two levels written out: a shared gate over all experts, and the tasks' gates over theirs."""
    torch.manual_seed(0)
    trunk, image = PLETrunk(TASKS, NARROW).eval(), torch.randn(2, 3, 32, 32)
    everyone = [trunk.shared_experts[0], *(trunk.own[task][0] for task in TASKS)]

    def stem(net):
        return net.body['maxpool'](net.body['act1'](net.body['bn1'](net.body['conv1'](image))))

    def means(feature):
        return torch.nn.functional.adaptive_avg_pool2d(feature, 4).flatten(1)

    def blend(weights, features):
        return sum(w[:, None, None, None] * f for w, f in zip(weights.unbind(1), features, strict=True))

    first = [stem(net) for net in everyone]
    shared = blend(trunk.shared_gates[0](means(image)), first)
    age = blend(trunk.gates['age'][0](means(image)), first[:2])
    second = [everyone[0].body['layer1'](shared), everyone[1].body['layer1'](age)]
    torch.testing.assert_close(trunk(image)['age.scale0'], blend(trunk.gates['age'][1](means(age)), second))


def test_taps_and_gradients():
    trunk = PLETrunk(TASKS, NARROW, gate_size=2)
    taps = trunk(torch.randn(3, 3, 40, 33))
    promised = {name: spec.channels for name, spec in trunk.tap_specs.items()}
    assert {name: tap.shape[1] for name, tap in taps.items()} == promised
    assert trunk.tap_specs['race.scale1'] == TapSpec(6, 8) and trunk.tap_specs['race.in'] == TapSpec(10, 0)
    sum(taps[f'{task}.in'].square().sum() for task in TASKS).backward()
    assert all(p.grad is not None for p in trunk.parameters())


@pytest.mark.parametrize('changes, said', [
    ({'shared_experts': 0}, '1 expert or more'), ({'style': 'mine'}, "style='mine'"),
    ({'gate_size': (4, 4)}, 'each of the 5 levels'),
    ({'neck': {'type': 'PADNetNeck', 'out_channels': {'a': 1, 'b': 1}}}, 'PADNetNeck makes a feature per task'),
    ({'backbone': {'type': 'TimmBackbone', 'name': 'test_vit', 'out_indices': (0, 1)}}, 'not a plain chain of stages')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        PLETrunk(**{'tasks': TASKS, 'backbone': NARROW, **changes})
