import pytest
import torch
from torch.nn import functional as F

from mtkd.models import TapSpec
from mtkd.models.necks import DeMTNeck

from ..vectors import agree, fill, gradients, maps, score
from .scales import CHANNELS, OUT, STRIDES, features


def neck(**changes):
    torch.manual_seed(0)
    net = DeMTNeck(**{'in_channels': CHANNELS, 'strides': STRIDES, 'out_channels': OUT, 'channels': 8, 'heads': 2,
                      'out_width': 6, **changes})
    for parameter in net.parameters():
        parameter.data.add_(0.05 * torch.randn(parameter.shape))
    return net.eval()


def attention(part, query, memory):
    """(L, C) attends to (S, C): two heads of four channels, written out."""
    weights, bias = part.in_proj_weight.chunk(3), part.in_proj_bias.chunk(3)
    q, k, v = (F.linear(x, w, b).view(-1, 2, 4) for x, w, b in zip((query, memory, memory), weights, bias, strict=True))
    shares = (torch.einsum('lhc,shc->hls', q, k) / 2).softmax(-1)
    return part.out_proj(torch.einsum('hls,shc->lhc', shares, v).reshape(-1, 8))


def test_tasks_of_a_place_attend_to_each_other():
    net, given = neck(), features()
    taps = net(given)
    tokens = torch.stack([taps[f'{task}.own'] for task in OUT])
    asked = torch.empty_like(tokens)
    for b in range(2):
        for y in range(tokens.shape[-2]):
            for x in range(tokens.shape[-1]):
                place = tokens[:, b, :, y, x]
                fused = net.fused(attention(net.fusion, place, place))
                for t, task in enumerate(OUT):
                    answer = net.answer[task](attention(net.ask[task], place[t:t + 1], fused))[0]
                    asked[t, b, :, y, x] = place[t] + answer
    for t, task in enumerate(OUT):
        torch.testing.assert_close(taps[f'{task}.in'], net.narrow[task](asked[t]), rtol=1e-4, atol=1e-5)
    embedded = net.embed(taps['shared'].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(taps['depth.own'], net.mixers['depth'](embedded))


def test_all_places_of_a_sample_attend_to_each_other():
    net, given = neck(attention='full', key_stride=3), features()
    taps = net(given)
    few = {task: F.avg_pool2d(taps[f'{task}.own'][1:, :, :9], 3)[0] for task in OUT}  # 10 x 13 positions: 4 x 5 means
    for task, own in few.items():
        own = F.pad(own, (0, 1, 0, 1))
        own[:, :3, 4] = taps[f'{task}.own'][1, :, :9, 12].unflatten(1, (3, 3)).mean(-1)
        own[:, 3, :4] = taps[f'{task}.own'][1, :, 9, :12].unflatten(1, (4, 3)).mean(-1)
        own[:, 3, 4] = taps[f'{task}.own'][1, :, 9, 12]
        few[task] = own
    tokens = torch.cat([own.flatten(1).T for own in few.values()])
    fused = net.fused(attention(net.fusion, tokens, tokens))
    for task in OUT:
        query = taps[f'{task}.own'][1].flatten(1).T
        asked = query + net.answer[task](attention(net.ask[task], query, fused))
        torch.testing.assert_close(taps[f'{task}.in'][1:], net.narrow[task](asked.T.reshape(1, 8, 10, 13)), rtol=1e-4,
                                   atol=1e-5)
    assert [p.shape for p in net.parameters()] == [p.shape for p in neck().parameters()]


def test_as_released_samples_attend_to_samples():
    net, given = neck(faithful_to_release=True), features()
    taps = net(given)
    tokens = torch.stack([taps[f'{task}.own'] for task in OUT])  # T, B, C, h, w
    y, x = 3, 5
    fused = torch.stack([net.fused(attention(net.fusion, task[:, :, y, x], task[:, :, y, x])) for task in tokens], 1)
    memory = fused.flatten(0, 1)  # all samples and tasks of a position
    task = 'edge'
    expected = tokens[2, :, :, y, x] + net.answer[task](attention(net.ask[task], tokens[2, :, :, y, x], memory))
    asked = net._exchange(list(tokens))[2]
    torch.testing.assert_close(asked[:, :, y, x], expected, rtol=1e-4, atol=1e-5)
    alone = net([feature[:1] for feature in given])
    assert not torch.allclose(taps['depth.in'][:1], alone['depth.in'], atol=1e-4), 'a sample depends on its neighbours'


def test_widths():
    specs = DeMTNeck([18, 36], [4, 8], OUT, channels=8).tap_specs
    assert (specs['shared'], specs['depth.own'], specs['depth.in']) == (TapSpec(54, 4), TapSpec(8, 4), TapSpec(6, 4))


@pytest.mark.parametrize('changes, said', [
    ({'channels': 9}, 'channels=9, heads=2'), ({'in_channels': [2, 2, 3], 'out_width': None}, '7 concatenated channels'),
    ({'attention': 'all'}, "attention='all', key_stride=8; choose 'place' or 'full'"),
    ({'key_stride': 0}, 'key_stride=0; .* a stride of 1 or more'),
    ({'attention': 'full', 'faithful_to_release': True}, 'is not in the released code')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)


def test_as_released_it_is_the_official_head():
    net = fill(DeMTNeck([64, 128, 256], STRIDES, OUT, faithful_to_release=True))
    scales = maps((64, 6, 8), (128, 3, 4), (256, 2, 2))
    taps = net(list(scales.values()))
    made = {f'{task}.in': taps[f'{task}.in'] for task in OUT}
    agree('demt', {**made, **gradients(score(made), scales)}, rtol=1e-5, atol=1e-5)
