"""The trunk of the joint teacher: frozen experts fused at any level."""

import copy

import pytest
import torch

from mtkd.distill import JointTrunk, MultiTaskTeacher
from mtkd.models import MultiTaskModel, TapSpec, build_net

CNN = {'backbone': {'type': 'TimmBackbone', 'name': 'resnet10t', 'out_indices': (1, 2, 3), 'channels': (4, 6, 8, 8),
                    'stem_width': 8, 'stem_stride': 2},
       'neck': {'type': 'PoolNeck'}, 'head': {'type': 'LinearHead'}}
SWIN = {'backbone': {'type': 'TimmBackbone', 'name': 'swin_tiny_patch4_window7_224', 'out_indices': (0, 1, 2),
                     'img_size': 32, 'patch_size': 2, 'window_size': 4, 'embed_dim': 8, 'depths': (1, 1, 1),
                     'num_heads': (1, 2, 4)},
        'neck': {'type': 'PoolNeck'}, 'head': {'type': 'LinearHead'}}
TASKS = {'digits': {'type': 'Classification', 'num_classes': 3}, 'signs': {'type': 'Classification', 'num_classes': 4}}
RAW = {'mean': (0, 0, 0), 'std': (1, 1, 1)}


def experts(seed: int = 0) -> dict[str, MultiTaskTeacher]:
    torch.manual_seed(seed)
    means = {'digits': (100.0,) * 3, 'signs': (130.0,) * 3}
    return {name: MultiTaskTeacher(build_net(cfg, {name: TASKS[name]['num_classes']}), allow_random=True, mean=means[name])
            for name, cfg in (('digits', CNN), ('signs', SWIN))}


def joint(fuse, channels=(), seed: int = 0, **options) -> torch.nn.Module:
    held = experts(seed)
    torch.manual_seed(7)
    return build_net({'trunk': {'type': 'JointTrunk', 'experts': held, 'fuse': fuse, 'channels': channels, 'width': 5,
                                **options}, 'head': {'type': 'LinearHead'}}, {'digits': 3, 'signs': 4})


def pictures(number: int = 4) -> torch.Tensor:
    return torch.randint(0, 256, (number, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(('fuse', 'channels', 'specs'), [
    ('S1', (), {'shared': TapSpec(8 + 32, 0)}),
    ('stride8', (6,), {'maps1': TapSpec(6, 8), 'shared': TapSpec(6, 0)}),
    ('S28', (6,), {'maps1': TapSpec(6, 8), 'shared': TapSpec(6, 0)}),
    ('stride4', (5, 6), {'maps1': TapSpec(5, 8), 'maps2': TapSpec(6, 8), 'shared': TapSpec(6, 0)}),
    ('stride2', (4, 5, 6),
     {'maps1': TapSpec(4, 4), 'maps2': TapSpec(5, 8), 'maps3': TapSpec(6, 8), 'shared': TapSpec(6, 0)}),
    (['stride2', 'trunk.2'], (6,), {'maps1': TapSpec(6, 8), 'shared': TapSpec(6, 0)}),
    ({'digits': 'trunk.0', 'signs': ['stride4', 'stride8']}, (6,), {'maps1': TapSpec(6, 8), 'shared': TapSpec(6, 0)})])
def test_taps_are_as_announced_at_every_level(fuse, channels, specs):
    net = joint(fuse, channels)
    assert net.trunk.tap_specs == specs
    taps = net(pictures().float())
    for tap, spec in net.tap_specs.items():
        size = () if spec.stride == 0 else (32 // spec.stride,) * 2
        assert tuple(taps[tap].shape) == (4, spec.channels, *size), tap


def test_embeddings_are_concatenated_as_they_are():
    net = joint('S1')
    held = net.trunk.experts
    wanted = torch.cat([held[name](pictures(), ['shared'])['shared'] for name in held], 1)
    torch.testing.assert_close(net(pictures().float())['shared'], wanted)


def test_maps_of_two_grids_meet_at_the_coarser():
    net = joint({'digits': 'stride4', 'signs': 'stride8'}, (6,)).eval()
    fine = net.trunk.experts['digits'](pictures(), ['trunk.1'])['trunk.1']
    coarse = net.trunk.experts['signs'](pictures(), ['trunk.2'])['trunk.2']
    first, second = net.trunk.adaptors
    fused = torch.cat([torch.nn.functional.avg_pool2d(first(fine), 2), second(coarse)], 1)
    wanted = net.trunk.stages[0](net.trunk.fusion_norm(fused))
    torch.testing.assert_close(net(pictures().float())['maps1'], wanted)


@pytest.mark.parametrize(('fuse', 'options', 'message'), [
    ({'digits': 'S1', 'signs': 'stride8'}, {'channels': (6,)},
     r"digits:shared \(B, 8\) and signs:trunk.2 \(B, 32, H/8, W/8\): use adaptor='pool'"),
    ({'digits': 'stride4', 'signs': 'stride8'}, {'channels': (6,), 'adaptor': 'none'},
     r"trunk.1 \(B, 6, H/4, W/4\) and signs:trunk.2 .*adaptor='bn_conv1x1'"),
    ('S7', {'channels': (6,)}, r"expert 'digits' has no 'S7'; it has trunk.0 \(stride 2\)"),
    ('S1', {'channels': (6,)}, 'remove channels='), ('stride8', {}, 'maps need at least one stage'),
    ({'digits': 'S1'}, {}, 'fuse names digits, but the experts are digits, signs'),
    ('S1', {'adaptor': 'conv'}, "adaptor='conv' is unknown")])
def test_what_cannot_be_fused_is_refused_when_built(fuse, options, message):
    with pytest.raises(ValueError, match=message):
        JointTrunk(tasks=(), experts=experts(), fuse=fuse, **options)


def test_the_adaptor_that_an_error_names_fits():
    net = joint({'digits': 'S1', 'signs': 'stride8'}, adaptor='pool')
    assert net(pictures().float())['shared'].shape == (4, 8 + 32)
    assert joint('stride8', (6,), adaptor='none')(pictures().float())['maps1'].shape == (4, 6, 4, 4)


def test_experts_are_frozen_and_outside():
    net = joint('stride8', (6,))
    before = {name: teacher.weights_hash() for name, teacher in net.trunk.experts.items()}
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    net.train()
    assert not any(module.training for teacher in net.trunk.experts.values() for module in teacher.net.modules())
    net(pictures().float())['digits.out'].square().sum().backward()
    optimiser.step()
    assert {name: teacher.weights_hash() for name, teacher in net.trunk.experts.items()} == before
    assert not [key for key in net.state_dict() if 'backbone' in key]
    assert copy.deepcopy(net).trunk.experts['digits'] is net.trunk.experts['digits']


def test_each_expert_normalises_in_its_own_way():
    net = joint('S1')
    digits = net.trunk.experts['digits']
    std = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)
    wanted = digits.net((pictures().float() - 100) / std)['shared']
    torch.testing.assert_close(net(pictures().float())['shared'][:, :8], wanted)


def test_a_model_that_normalises_for_it_is_refused():
    with pytest.raises(ValueError, match='expects raw images'):
        MultiTaskModel(joint('S1'), TASKS)
    MultiTaskModel(joint('S1'), TASKS, data_preprocessor=RAW)


@pytest.mark.parametrize(('fuse', 'channels'), [('S1', ()), ('stride4', (5, 6))])
def test_cached_experts_are_not_run(fuse, channels):
    net = joint(fuse, channels).eval()
    live = net(pictures().float())
    cached = {name: teacher(pictures(), net.trunk.needed_taps(name)) for name, teacher in net.trunk.experts.items()}
    for teacher in net.trunk.experts.values():
        teacher.forward = None
    torch.testing.assert_close(net(pictures().float(), cached), live)
    halves = {name: {tap: value.half() for tap, value in taps.items()} for name, taps in cached.items()}
    torch.testing.assert_close(net(pictures().float(), halves), live, rtol=2e-2, atol=2e-2)


def test_a_checkpoint_knows_its_experts():
    net = joint('stride8', (6,))
    joint('stride8', (6,)).load_state_dict(net.state_dict(), strict=True)
    with pytest.raises(ValueError, match='trained with other weights of the experts digits, signs'):
        joint('stride8', (6,), seed=1).load_state_dict(net.state_dict())


def test_as_a_teacher_its_experts_come_along():
    net = joint('stride8', (6,))
    teacher = MultiTaskTeacher(net, allow_random=True, **RAW)
    net.eval()
    torch.testing.assert_close(teacher(pictures(), ['maps1'])['maps1'], net(pictures().float())['maps1'])
    half = MultiTaskTeacher(joint('stride8', (6,)), allow_random=True, dtype='bfloat16', **RAW)
    assert half(pictures(), ['digits.out'])['digits.out'].dtype == torch.bfloat16


def test_builds_on_the_meta_device():
    with torch.device('meta'):
        cfg = {'net': CNN, 'tasks': {'digits': TASKS['digits']}, 'allow_random': True}
        trunk = JointTrunk(tasks=('digits',), experts={'digits': cfg}, fuse='stride8', channels=(6,))
    assert trunk.experts_hash.is_meta and trunk.needed_taps('digits') == ('trunk.2',)
