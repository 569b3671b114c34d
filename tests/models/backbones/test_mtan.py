"""MTAN's sizes against fact sheet 7, and its forward against one written out step by step."""

from functools import lru_cache

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mtkd.engine.cost import count_parameters
from mtkd.models import TapSpec, build_net
from mtkd.models.backbones import MTAN

NET = {'trunk': {'type': 'MTAN'}, 'head': {'type': 'ConvPairHead'}}
TASKS = {'semseg': 13, 'depth': 1, 'normals': 3}


def small(*tasks: str, seed=0) -> MTAN:
    torch.manual_seed(seed)
    return MTAN(tasks or tuple(TASKS), width=1 / 16)


def pictures(height=32, width=64):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))


@lru_cache
def on_meta(*tasks):
    with torch.device('meta'):
        return build_net(NET, {task: TASKS[task] for task in tasks})


@pytest.mark.parametrize('tasks, params', [(tuple(TASKS), 44.229), (('semseg',), 38.186)])
def test_parameters_of_the_acceptance_table(tasks, params):
    assert count_parameters(on_meta(*tasks)) / 1e6 == pytest.approx(params, abs=5e-4)


def test_taps_of_every_task():
    net = on_meta(*TASKS)
    wanted = {'shared': TapSpec(64, 1)}
    for task, channels in TASKS.items():
        wanted |= {f'{task}.mid': TapSpec(512, 32), f'{task}.in': TapSpec(64, 1), f'{task}.feat': TapSpec(64, 1),
                   f'{task}.out': TapSpec(channels, 1)}
    assert net.tap_specs == wanted
    taps = net(torch.zeros(2, 3, 288, 384, device='meta'))
    assert taps['depth.mid'].shape == (2, 512, 9, 12) and taps['depth.in'].shape == (2, 64, 288, 384)


@pytest.mark.parametrize('size', [(32, 64), (41, 67), (1, 5)])
def test_pictures_of_any_size(size):
    trunk = small().eval()
    taps = trunk(pictures(*size))
    assert set(taps) == set(trunk.tap_specs)
    for tap, spec in trunk.tap_specs.items():
        assert taps[tap].shape == (2, spec.channels, -(-size[0] // spec.stride), -(-size[1] // spec.stride)), tap


def step_by_step(trunk: MTAN, image: torch.Tensor, task: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Fact sheet 4.3 with the complete shared network first and attention afterwards, as described by the authors."""
    shared, masks = trunk.backbone, trunk.attention[task]
    first, last, unpooled, decoded, indices, feature = [], [], [], [], [], image
    for stage in shared.encoder:
        first.append(stage.convs[0](feature))
        last.append(nn.Sequential(*stage.convs[1:])(first[-1]))
        feature, index = F.max_pool2d(last[-1], 2, return_indices=True)
        indices.append(index)
    for stage, index in zip(shared.decoder, reversed(indices), strict=True):
        unpooled.append(F.max_unpool2d(feature, index, 2))
        feature = nn.Sequential(*stage.convs)(unpooled[-1])
        decoded.append(feature)
    own = None
    for j in range(5):
        seen = first[j] if own is None else torch.cat([first[j], own], 1)
        own = F.max_pool2d(trunk.encoder_convs[j](masks.encoder[j](seen) * last[j]), 2)
    middle = own
    for j in range(5):
        own = trunk.decoder_convs[j](F.interpolate(own, scale_factor=2, mode='bilinear', align_corners=True))
        own = masks.decoder[j](torch.cat([unpooled[j], own], 1)) * decoded[j]
    return middle, own


def test_forward_is_the_papers():
    """In train mode, because with untrained statistics the signal would vanish over 26 convolutions."""
    trunk = small()
    taps = trunk(pictures())
    for task in TASKS:
        middle, last = step_by_step(trunk, pictures(), task)
        torch.testing.assert_close(taps[f'{task}.mid'], middle)
        torch.testing.assert_close(taps[f'{task}.in'], last)
        assert middle.std() > 0.1 and last.std() > 0.1
    assert not torch.allclose(taps['depth.in'], taps['semseg.in'])
    torch.testing.assert_close(taps['shared'], trunk.backbone(pictures())[1])


def test_heads_read_their_own_feature():
    net = build_net({**NET, 'trunk': {'type': 'MTAN', 'width': 1 / 16}}, TASKS)
    taps = net(pictures())
    for task, head in net.heads.items():
        assert torch.equal(taps[f'{task}.feat'], head.feature(taps[f'{task}.in']))
        assert not torch.allclose(taps[f'{task}.feat'], head.feature(taps['shared']))


def test_a_task_has_masks_of_its_own_and_shares_the_rest():
    trunk = small()
    trunk(pictures())['depth.in'].square().mean().backward()
    moved = {name.split('.')[1] if name.startswith('attention') else 'shared'
             for name, p in trunk.named_parameters() if p.grad is not None and p.grad.any()}
    assert moved == {'depth', 'shared'}
    shared = [name for name, p in trunk.named_parameters() if p.grad is None]
    assert all(name.startswith(('attention.semseg.', 'attention.normals.')) for name in shared)


def test_every_parameter_learns_and_low_precision_works():
    trunk = small()
    sum(value.square().mean() for value in trunk(pictures()).values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in trunk.parameters())
    with torch.autocast('cpu', torch.bfloat16):
        taps = trunk(pictures())
    assert all(value.dtype == torch.bfloat16 and value.isfinite().all() for value in taps.values())


def test_gradnorms_layers_are_named_as_segnets():
    modules = dict(on_meta('semseg').named_modules())
    assert modules['trunk.backbone.decoder.0.convs.0.0'].weight.shape == (512, 512, 3, 3)
    assert modules['trunk.backbone.decoder.4.convs.1.0'].weight.shape == (64, 64, 3, 3)


def test_it_is_a_trunk():
    with pytest.raises(ValueError, match=r'set it as model\.net\.trunk'):
        build_net({'backbone': {'type': 'MTAN'}, 'head': NET['head']}, TASKS)
