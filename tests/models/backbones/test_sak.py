import pytest
import torch
from torch.nn import functional as F

from mtkd.models import TapSpec, build_net
from mtkd.models.backbones import SAKTrunk
from mtkd.models.backbones.sak import LevelFusion

from ..vectors import agree, fill, gradients, noise, parameters, score

TASKS, TEACHERS = ('semseg', 'depth'), ('dino', 'clip')
BACKBONE = {'type': 'TimmBackbone', 'name': 'test_vit', 'out_indices': (0, 2, 3, 5), 'img_size': (64, 96)}


def trunk(**changes):
    torch.manual_seed(0)
    dynamic = {'dynamic_img_size': True, 'pad_multiple': 16}
    return SAKTrunk(**{'tasks': TASKS, 'backbone': {**BACKBONE, **dynamic}, 'teachers': TEACHERS, **changes})


def picture(height=64, width=96):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_it_is_the_official_network():
    made, image = fill(SAKTrunk(TASKS, BACKBONE, TEACHERS)), noise(2, 3, 64, 96, key='image').requires_grad_()
    taps = made(image)
    features = {f'{task}.in': taps[f'{task}.in'] for task in TASKS}
    features.update({f'{name}.path{i}': taps[f'{name}.path{i}'] for name in TEACHERS for i in (0, 3)})
    asked = ['paths.clip.first.narrow.weight', 'paths.dino.adapters.2.scale', 'routers.depth.1.score.0.weight']
    agree('sak', {**features, **gradients(score(features), {'image': image, **parameters(made, asked)})})


@pytest.mark.parametrize('size', [(64, 96), (50, 70)])
def test_taps_at_any_size(size):
    made = trunk().eval()
    taps = made(picture(*size))
    assert set(taps) == set(made.tap_specs)
    padded = [-(-side // 16) * 16 for side in size]
    for tap, spec in made.tap_specs.items():
        shape = (2, spec.channels, *(side // spec.stride for side in padded)) if spec.stride else (2, 3)
        assert taps[tap].shape == shape, tap
    assert made.tap_specs['dino.path3'] == TapSpec(64, 16) and made.tap_specs['depth.in'] == TapSpec(64, 4)


def test_the_stem_is_the_backbone_and_a_task_a_mixture():
    made = trunk().eval()
    taps = made(picture())
    for i, feature in enumerate(made.backbone(picture())):
        torch.testing.assert_close(taps[f'trunk.{i}'], feature)
    weights = taps['depth.weights2']
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    mixed = [weights[:, i, None, None, None] * taps[tap] for i, tap in enumerate(('trunk.2', 'dino.path2', 'clip.path2'))]
    torch.testing.assert_close(taps['depth.scale2'], sum(mixed))


def test_layers_are_narrowed_and_concatenated():
    torch.manual_seed(0)
    part, features = LevelFusion(8, 2), [torch.randn(1, 8, 2, 3), torch.randn(1, 8, 2, 3)]
    expected = torch.cat([F.interpolate(conv(feature), (8, 12), mode='bilinear', align_corners=False)
                          for conv, feature in zip(part.narrow, features, strict=True)], 1)
    torch.testing.assert_close(part(features), expected)


def test_every_parameter_learns_and_paths_do_not_mix():
    made = trunk()
    taps = made(picture())
    sum((taps[f'{task}.in'] - 1).square().mean() for task in TASKS).backward()
    idle = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle
    made.zero_grad(set_to_none=True)
    made(picture())['dino.path3'].square().sum().backward()
    assert all(p.grad is None for name, p in made.named_parameters() if 'clip' in name or 'routers' in name)


def test_a_network_of_it():
    net = build_net({'trunk': {'type': 'SAKTrunk', 'backbone': BACKBONE, 'teachers': TEACHERS},
                     'head': {'type': 'FCNHead', 'channels': 8, 'activation': 'gelu'}}, {'semseg': 5, 'depth': 1}).eval()
    assert net(picture())['semseg.out'].shape == (2, 5, 16, 24)


@pytest.mark.parametrize('changes, said', [
    ({'tasks': ()}, r'the tasks \[\]'), ({'teachers': ()}, r'the teachers \[\]'), ({'backbone': None}, 'model.net.trunk'),
    ({'teachers': ('depth',)}, 'must be unique and differ'), ({'teachers': ('dino', 'dino')}, 'must be unique and differ'),
    ({'down': 7}, '64 channels must be divisible by down=7 and by the number of layers, 4'),
    ({'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet'}}, 'it adds adapters between the blocks')])
def test_what_it_cannot_use_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        trunk(**changes)
