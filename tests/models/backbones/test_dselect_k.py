import pytest
import torch

from mtkd.models import build_net
from mtkd.models.backbones import DSelectKTrunk

from ..vectors import agree, fill, gradients, noise, parameters, score

TASKS = ('age', 'race', 'gender')
NARROW = {'type': 'TimmBackbone', 'name': 'resnet18', 'channels': (4, 6, 8, 10)}


def picture(side=24):
    return noise(3, 3, side, side, key='image').requires_grad_()


@pytest.mark.parametrize('experts', [3, 4])
def test_it_is_libmtls(experts):
    trunk, image = fill(DSelectKTrunk(TASKS, NARROW, shared_experts=experts, gate_size=24)), picture()
    made = {f'{task}.in': trunk(image)[f'{task}.in'] for task in TASKS}
    asked = ('gates.race.choose.weight', 'gates.age.weigh.weight')
    agree(f'dselect_k_{experts}', {**made, **gradients(score(made), {'image': image, **parameters(trunk, asked)})})


@pytest.mark.parametrize('experts', [3, 4])
def test_terms_are_means_over_samples(experts):
    cfg = {'trunk': {'type': 'DSelectKTrunk', 'backbone': NARROW, 'shared_experts': experts, 'entropy_weight': 0.5},
           'head': {'type': 'LinearHead'}}
    net = build_net(cfg, dict.fromkeys(TASKS, 4)).eval()
    fill(net).float()
    net.trunk.gates['age'].choose.weight.data.mul_(1e-2)
    for gate in net.trunk.gates.values():
        gate.choose.weight.data.mul_(0.1)  # inside the smooth step
    taps = net(torch.randn(3, 3, 32, 32))
    selectors = [row.view(2, experts) for task in TASKS for row in taps[f'{task}.selectors']]
    entropy = -sum(float((s * (s + 1e-6).log()).sum()) for s in selectors) / 3
    found = net.penalties(taps)
    assert float(found['gates/entropy'][0]) == pytest.approx(entropy, rel=1e-5) and found['gates/entropy'][1] == 0.5
    assert ('gates/unreachable' in found) == (experts == 3)
    if experts == 3:
        expected = sum(float((1 / s.sum(-1)).sum()) for s in selectors) / 3
        assert float(found['gates/unreachable'][0]) == pytest.approx(expected, rel=1e-5)
        assert found['gates/unreachable'][1] == 1


def test_a_selector_on_a_number_that_no_expert_has_stays_finite():
    trunk = DSelectKTrunk(TASKS, NARROW, shared_experts=3)
    for gate in trunk.gates.values():
        gate.choose.bias.data.fill_(9)
    taps = trunk(torch.zeros(3, 3, 32, 32))
    terms = [value for value, _ in trunk.penalties(taps).values()]
    torch.stack(terms).sum().backward()
    assert all(value.isfinite() for value in terms)
    assert all(p.grad is None or p.grad.isfinite().all() for p in trunk.parameters())
