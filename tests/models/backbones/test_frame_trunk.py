"""Image networks on the frames of clips."""

import pytest
import torch
from torch import nn

from mtkd.distill import Distiller, JointTrunk, Teacher
from mtkd.models import MultiTaskModel, MultiTaskNet, TapSpec, build_net
from mtkd.models.backbones import FrameTrunk
from mtkd.models.heads import LinearHead

BODY = {'type': 'TimmBackbone', 'name': 'resnet10t', 'out_indices': (1, 2), 'channels': (8, 8, 16, 16), 'stem_width': 8}
NET = {'trunk': {'type': 'FrameTrunk', 'backbone': BODY}, 'head': {'type': 'FrameMeanHead'}}


def net(seed=0, tasks=(('a', 5),), **parts):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build_net({**NET, **parts}, dict(tasks)).eval()


def clips(batch=2, frames=3, seed=0):
    return torch.randn(batch, frames, 3, 32, 48, generator=torch.Generator().manual_seed(seed))


def test_taps_have_a_row_a_clip():
    both = net(tasks=(('a', 5), ('b', 2)))
    taps = both(clips())
    assert both.tap_specs == {'trunk.0': TapSpec(8, 4), 'trunk.1': TapSpec(8, 8), 'shared': TapSpec(8, 0),
                              'a.in': TapSpec(8, 0), 'b.in': TapSpec(8, 0), 'a.feat': TapSpec(8, 0), 'b.feat': TapSpec(8, 0),
                              'a.out': TapSpec(5, 0), 'b.out': TapSpec(2, 0)}
    assert set(taps) == set(both.tap_specs)
    shapes = {tap: tuple(value.shape[1:]) for tap, value in taps.items()}
    assert shapes == {'trunk.0': (8, 8, 12), 'trunk.1': (8, 4, 6), 'shared': (8,), 'a.in': (8, 3), 'b.in': (8, 3),
                      'a.feat': (8, 3), 'b.feat': (8, 3), 'a.out': (5,), 'b.out': (2,)}


def test_a_clip_is_the_mean_of_its_frames():
    one, clip = net(), clips()
    taps = one(clip)
    frames = [one(clip[:, k]) for k in range(3)]
    for tap in ('trunk.0', 'trunk.1', 'shared', 'a.out'):
        torch.testing.assert_close(taps[tap], torch.stack([frame[tap] for frame in frames]).mean(0))
    torch.testing.assert_close(taps['a.in'], torch.cat([frame['a.in'] for frame in frames], 2))
    torch.testing.assert_close(one(clip.flip(1))['a.out'], taps['a.out'])


def test_every_parameter_learns():
    one = net().train()
    one(clips())['a.out'].square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in one.parameters())


def test_heads_and_trunks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="head of 'a' is a LinearHead, but FrameTrunk returns a feature per frame"):
        net(head={'type': 'LinearHead'})
    with pytest.raises(ValueError, match="which needs a feature per frame: set model.net.trunk=dict"):
        build_net({'backbone': BODY, 'neck': {'type': 'PoolNeck'}, 'head': {'type': 'TemporalPoolHead'}}, {'a': 5})
    with pytest.raises(ValueError, match='OneScaleNeck returns a map'):
        net(trunk={'type': 'FrameTrunk', 'backbone': BODY, 'neck': {'type': 'OneScaleNeck'}})
    with pytest.raises(ValueError, match='FrameTrunk needs tasks and a backbone'):
        FrameTrunk(('a',))


def batch(frames=3):
    image = torch.randint(0, 256, (2, frames, 3, 32, 48), generator=torch.Generator().manual_seed(3)).byte()
    return {'image': image, 'targets': {'a': torch.tensor([1, 4])}, 'present': {'a': torch.tensor([True, True])},
            'meta': [{'dataset': 'toy', 'index': k, 'crop': None} for k in range(2)], 'teacher': {}}


@pytest.mark.parametrize('last', [False, True])
def test_a_student_of_a_joint_teacher(last):
    """Experts on frames, fused at their maps; a student at L1, L2 and per frame; images in any memory format."""
    tasks = {'a': {'type': 'Classification', 'num_classes': 5}}
    experts = {f'e{k}': Teacher(net(k), channels_last=last) for k in range(2)}
    trunk = JointTrunk(('a',), experts, 'stride8', channels=(8,), width=4)
    joint = Teacher(build_joint(trunk), mean=(0, 0, 0), std=(1, 1, 1))
    mse = {'type': 'FitNets'}
    distiller = Distiller({'joint': joint, 'frames': Teacher(net(7), channels_last=last)}, [
        {'task': 'a', 'loss': {'type': 'SoftCrossEntropy', 'tau': 2.0}, 'teacher': 'joint'},
        {'task': 'a', 'loss': mse, 'name': 'L1', 'student': 'shared', 'teacher': 'joint:shared'},
        {'task': 'a', 'loss': mse, 'name': 'L2', 'student': 'trunk.1', 'teacher': 'joint:maps1'},
        {'task': 'a', 'loss': mse, 'name': 'each', 'student': 'a.in', 'teacher': 'frames:a.in'}])
    model = MultiTaskModel(net(5), tasks, distiller=distiller, data_preprocessor={'channels_last': last})
    terms = model(**batch(), mode='loss')
    assert {'a/ce', 'a/L1_fitnets', 'a/L2_fitnets', 'a/each_fitnets'} <= set(terms)
    assert all(value.isfinite() and value > 0 for value in terms.values())
    terms['loss'].backward()
    assert all(p.grad is not None for p in model.net.parameters())
    student, teacher = model(**batch())['a.in'], distiller.teachers['frames'](batch()['image'], ['a.in'])['a.in']
    torch.testing.assert_close(terms['a/each_fitnets'], (student - teacher).square().mean().detach())
    seen = model(**batch(), mode='predict')
    assert len(seen) == 2 and seen[0]['pred']['a'].shape == (5,) and seen[0]['image'].shape == (3, 3, 32, 48)


def build_joint(trunk: nn.Module) -> nn.Module:
    return MultiTaskNet(trunk, {'a': LinearHead(trunk.tap_specs['shared'].channels, 5)}, {'a': 5})
