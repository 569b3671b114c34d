import pytest
import torch

from mtkd.engine.cost import count_parameters
from mtkd.models import TapSpec, build_net
from mtkd.models.backbones import SoftSharedTrunk, TimmBackbone

from ..vectors import agree, fill, gradients, noise, score

BACKBONE = {'type': 'TimmBackbone', 'name': 'test_resnet'}
TASKS = ('semseg', 'depth')


def trunk(**changes):
    torch.manual_seed(0)
    return SoftSharedTrunk(**{'tasks': TASKS, 'backbone': BACKBONE, **changes}).eval()


def picture(height=45, width=64):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('unit', ['cross_stitch', 'nddr'])
@pytest.mark.parametrize('size', [(45, 64), (64, 96)])
def test_taps_of_every_task_and_stage(unit, size):
    made = trunk(unit=unit)
    taps = made(picture(*size))
    assert set(taps) == set(made.tap_specs) == {*(f'{task}.scale{i}' for task in TASKS for i in range(4)), 'semseg.in',
                                                'depth.in'}
    for tap, spec in made.tap_specs.items():
        assert taps[tap].shape == (2, spec.channels, -(-size[0] // spec.stride), -(-size[1] // spec.stride)), tap


def test_without_mixing_they_are_networks_of_their_own():
    made = trunk(own=1.0, other=0.0)
    taps = made(picture())
    for task, backbone in made.backbones.items():
        for i, feature in enumerate(backbone(picture())):
            torch.testing.assert_close(taps[f'{task}.scale{i}'], feature)
    assert not torch.allclose(taps['semseg.scale3'], taps['depth.scale3'])


def test_a_stage_reads_what_the_unit_before_it_mixed():
    made = trunk()
    stages = [list(backbone.body.items()) for backbone in made.backbones.values()]
    current, level = [picture(), picture()], 0
    taps = made(picture())
    for steps in zip(*stages, strict=True):
        current = [module(feature) for (_, module), feature in zip(steps, current, strict=True)]
        if steps[0][0] in next(iter(made.backbones.values())).body.return_layers:
            first, second = current
            current = [0.9 * first + 0.1 * second, 0.1 * first + 0.9 * second]
            for task, feature in zip(TASKS, current, strict=True):
                torch.testing.assert_close(taps[f'{task}.scale{level}'], feature)
            level += 1
    assert level == 4
    torch.testing.assert_close(taps['depth.in'], made.necks['depth']([taps[f'depth.scale{i}'] for i in range(4)]))


def test_cost_is_that_of_the_single_networks_and_the_units():
    single = TimmBackbone('test_resnet')
    alone, channels = count_parameters(single), single.channels
    assert count_parameters(trunk()) == 2 * alone + sum(4 * c for c in channels)
    assert count_parameters(trunk(unit='nddr')) == 2 * alone + sum(2 * (2 * c * c + 2 * c) for c in channels)


def test_every_parameter_learns_from_either_task():
    made = trunk(unit='nddr').train()
    rng = torch.Generator().manual_seed(1)
    for parameter in made.parameters():  # timm initialises residual branches to zero
        parameter.data.add_(0.05 * torch.randn(parameter.shape, generator=rng))
    made(picture(64, 96))['depth.in'].square().mean().backward()
    idle = [key for key, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle and all('units.3.reduce.0' in key for key in idle), 'only the last unit of the other task'


def test_heads_read_their_tasks_feature():
    net = build_net({'trunk': {'type': 'SoftSharedTrunk', 'backbone': BACKBONE, 'neck': {'lateral_channels': 8}},
                     'head': {'type': 'FCNHead', 'channels': 4}}, {'semseg': 5, 'depth': 1}).eval()
    assert net.tap_specs['semseg.in'] == TapSpec(32, 4) and net.aux_taps == {'semseg': (), 'depth': ()}
    taps = net(picture())
    assert torch.equal(taps['depth.out'], net.heads['depth'].predict(net.heads['depth'].feature(taps['depth.in'])))


@pytest.mark.parametrize('changes, said', [
    ({'tasks': ('depth',)}, r"two or more tasks and was given \['depth'\]"), ({'tasks': ()}, 'set it as model.net.trunk'),
    ({'backbone': None}, "give backbone=dict"),
    ({'unit': 'stitch'}, "unit='stitch' is unknown; choose one of cross_stitch, nddr"),
    ({'backbone': {**BACKBONE, 'name': 'test_efficientnet'}}, "'test_efficientnet' is not a plain chain of stages"),
    ({'backbone': {**BACKBONE, 'pad_multiple': 4}}, 'not a plain chain of stages'),
    ({'backbone': {**BACKBONE, 'stage_norm': True}}, 'not a plain chain of stages'),
    ({'backbone': {'type': 'SegNet', 'width': 0.1}}, "'SegNet' is not a plain chain")])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        trunk(**changes)


@pytest.mark.parametrize('unit', ['cross_stitch', 'nddr'])
def test_units_after_each_stage_are_the_surveys(unit):
    tasks = ('semseg', 'depth', 'edge')
    narrow = {'type': 'TimmBackbone', 'name': 'resnet18', 'channels': (4, 6, 8, 10)}
    net = fill(trunk(tasks=tasks, unit=unit, backbone=narrow))
    image = noise(2, 3, 40, 52, key='image').requires_grad_()
    taps = net(image)
    made = {f'{task}.scale{i}': taps[f'{task}.scale{i}'] for task in tasks for i in range(4)}
    asked = {'image': image, 'layer2': net.backbones['depth'].body['layer2'][0].conv1.weight}
    agree(unit, {**made, **gradients(score(made), asked)})
