import pytest
import torch
from torch.nn import functional as F

from mtkd.models import TapSpec, build_net
from mtkd.models.backbones import TaskPrompterTrunk
from mtkd.models.backbones.task_prompter import CrossTaskWeights, PromptDecoder

from ..vectors import agree, fill, gradients, noise, parameters, score

TASKS = ('semseg', 'depth', 'edge')
BACKBONE = {'type': 'TimmBackbone', 'name': 'test_vit', 'out_indices': (0, 2, 3, 5), 'img_size': (64, 96)}


def trunk(**changes):
    torch.manual_seed(0)
    dynamic = {'dynamic_img_size': True, 'pad_multiple': 32}
    return TaskPrompterTrunk(**{'tasks': TASKS, 'backbone': {**BACKBONE, **dynamic}, 'channels': 6, 'width': 8,
                                'windows': 2, **changes})


def picture(height=64, width=96):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('across', [False, True])
def test_as_released_it_is_the_official_network(across):
    made = fill(TaskPrompterTrunk(TASKS, BACKBONE, channels=10, width=12, windows=2, cross_task=across,
                                  faithful_to_release=True))
    image = noise(2, 3, 64, 96, key='image').requires_grad_()
    taps = made(image)
    features = {f'{task}.in': taps[f'{task}.in'] for task in TASKS}
    asked = ['prompts', 'blocks.1.to_places.weight', 'backbone.body.model.blocks.0.attn.qkv.weight']
    asked += ['mixes.0.edge.weigh.0.weight'] if across else []
    agree('taskprompter_across' if across else 'taskprompter',
          {**features, **gradients(score(features), {'image': image, **parameters(made, asked)})})


@pytest.mark.parametrize('across', [False, True])
@pytest.mark.parametrize('size', [(64, 96), (96, 96), (50, 70)])
def test_taps_at_any_size(size, across):
    made = trunk(cross_task=across).eval()
    taps = made(picture(*size))
    assert set(taps) == set(made.tap_specs) and 'shared' not in taps
    padded = [-(-side // 32) * 32 for side in size]
    for tap, spec in made.tap_specs.items():
        assert taps[tap].shape == (2, spec.channels, *(side // spec.stride for side in padded)), tap
    assert made.tap_specs['depth.in'] == TapSpec(8, 4) and made.tap_specs['trunk.3'].stride == 16


def test_prompts_read_the_channels_unless_as_released():
    plain, released = trunk().eval(), trunk(faithful_to_release=True).eval()
    released.load_state_dict(plain.state_dict())
    assert not torch.allclose(plain(picture())['depth.in'], released(picture())['depth.in'])


def test_without_the_second_layer_the_places_are_plain_layers_of_the_sequence():
    """The trunk's maps are those of the blocks applied to prompts and image tokens; only the last one is normalised."""
    made = trunk().eval()
    model = made.backbone.body.model
    for beside in made.blocks[:-1]:
        beside.from_places.weight.data.zero_()
    taps = made(picture())
    places = model._pos_embed(model.patch_embed(picture()))[:, 1:]
    whole = torch.cat((made.prompts.expand(2, -1, -1), places), 1)
    for i, block in enumerate(model.blocks):
        whole = block(whole)
        if i in (0, 2, 3, 5):
            level = (0, 2, 3, 5).index(i)
            expected = whole[:, 3:] if level < 3 else F.layer_norm(whole[:, 3:], (64,), eps=1e-6)
            torch.testing.assert_close(taps[f'trunk.{level}'], expected.mT.unflatten(-1, (4, 6)), rtol=1e-4, atol=1e-5)


def test_a_feature_is_the_sum_over_layers_made_finer():
    taps = trunk(cross_task=True).eval()(picture())
    total = sum(taps[f'edge.scale{i}'] for i in range(4))
    torch.testing.assert_close(taps['edge.in'], F.interpolate(total, scale_factor=4, mode='bilinear'))


def test_a_decoder_weighs_by_head_and_by_window():
    torch.manual_seed(0)
    part = PromptDecoder(4, 3, 5).eval()
    feature, places, channels = torch.randn(1, 4, 2, 4), torch.randn(1, 2, 2, 4), torch.randn(1, 4, 2, 2)
    by_place = torch.stack([feature[0, c] * (1 + places[0, c // 2]) for c in range(4)])[None]
    wide = channels.repeat_interleave(2, -1)  # a window is one row of two positions
    both = torch.cat((part.by_place(by_place), part.by_channel(feature * (1 + wide))), 1)
    torch.testing.assert_close(part(feature, places, channels), part.fuse(both))


def test_weights_of_tasks():
    torch.manual_seed(0)
    part, affinities, features = CrossTaskWeights(2), torch.randn(1, 2, 3), torch.randn(1, 3, 4, 2, 2)
    weights = part.weigh(affinities[0].T)[:, 0]
    torch.testing.assert_close(part(affinities, features)[0], sum(w * f for w, f in zip(weights, features[0], strict=True)))


@pytest.mark.parametrize('across', [False, True])
def test_every_parameter_learns(across):
    made = trunk(cross_task=across)
    taps = made(picture())
    sum((taps[f'{task}.in'] - 1).square().mean() for task in TASKS).backward()
    idle = [name for name, p in made.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == ['backbone.body.model.cls_token'] and made.backbone.body.model.cls_token.grad is not None, 'left out'


def test_a_sample_does_not_see_its_neighbours():
    made = trunk(cross_task=True).eval()
    both, alone = made(picture()), made(picture()[:1])
    for tap, value in alone.items():
        torch.testing.assert_close(both[tap][:1], value, rtol=1e-4, atol=1e-5)


def test_a_network_of_it():
    net = build_net({'trunk': {'type': 'TaskPrompterTrunk', 'backbone': BACKBONE, 'channels': 6, 'width': 8, 'windows': 2},
                     'head': {'type': 'FCNHead', 'channels': 8, 'activation': 'gelu'}}, {'semseg': 5, 'depth': 1}).eval()
    taps = net(picture())
    assert set(taps) == set(net.tap_specs) and taps['semseg.out'].shape == (2, 5, 16, 24)


@pytest.mark.parametrize('changes, said', [
    ({'tasks': ('depth',)}, r"was given \['depth'\].*model.net.trunk"), ({'backbone': None}, 'give backbone=dict'),
    ({'width': 0}, 'width=0'),
    ({'windows': 3}, '64x96 has 4x6 tokens, which cannot be split into 3 windows per side; set pad_multiple=48'),
    ({'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet'}}, "'test_resnet' is not a plain vision transformer"),
    ({'backbone': {**BACKBONE, 'stage_norm': 'last'}}, 'without stage_norm'),
    ({'backbone': {**BACKBONE, 'patch_size': 2, 'img_size': (32, 48)}}, 'patch size of 2 pixels')])
def test_what_it_cannot_use_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        trunk(**changes)


def test_a_picture_that_the_windows_do_not_divide_is_refused_before_a_step():
    made = trunk(backbone={**BACKBONE, 'dynamic_img_size': True})
    made.check_size((64, 128))
    with pytest.raises(ValueError, match='48x96 has 3x6 tokens'):
        made.check_size((48, 96))
    trunk().check_size((48, 96))
