import copy

import pytest
import torch
from torch import Tensor, nn

from mtkd.models import TapSpec
from mtkd.models.tapping import TappedModel


class Odd(nn.Module):
    """Maps, tokens, channels-last maps, vectors and outputs with several parts."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, 4)
        self.parts = Parts()
        self.tokens = Tokens()
        self.last = Last()
        self.head = nn.Linear(8, 5)
        self.unused = nn.Linear(2, 2)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x = self.stem(image)
        self.parts(x)
        self.last(x)
        return {'logits': self.head(self.tokens(x)[:, 0])}


class Parts(nn.Module):
    def forward(self, x):
        return x, {'twice': 2 * x, 'list': [x, 3 * x]}


class Tokens(nn.Module):
    def forward(self, x):
        flat = x.flatten(2).transpose(1, 2)
        return torch.cat([flat.mean(1, keepdim=True), flat], 1)


class Last(nn.Module):
    def forward(self, x):
        return x.movedim(1, -1)


class Reads(nn.Module):
    """Reads a value, which meta tensors do not have."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, 2, 1)

    def forward(self, x):
        return self.conv(x) * float(x.sum() + 1)


TAPS = {'map': 'stem', 'cls.out': '', 'twice': {'module': 'parts', 'item': '1.twice'},
        'thrice': {'module': 'parts', 'item': '1.list.-1'}, 'first': {'module': 'parts', 'item': 0},
        'tok': {'module': 'tokens', 'tokens': {'patch': 4, 'prefix': 1}}, 'last': {'module': 'last', 'channels_last': True}}


def test_every_kind_of_output_becomes_a_map():
    net = TappedModel(Odd(), TAPS, probe_size=(32, 64))
    image = torch.randn(2, 3, 16, 24)
    taps = net(image)
    wanted = net.model.stem(image)
    for name in ('map', 'first', 'tok', 'last'):
        torch.testing.assert_close(taps[name], wanted)
    torch.testing.assert_close(taps['twice'], 2 * wanted)
    torch.testing.assert_close(taps['thrice'], 3 * wanted)
    assert taps['cls.out'].shape == (2, 5)
    assert net.tap_specs['tok'] == TapSpec(8, 4) and net.tap_specs['cls.out'] == TapSpec(5, 0)
    assert {name: spec.channels for name, spec in net.tap_specs.items()} == {n: t.shape[1] for n, t in taps.items()}


def test_a_copy_has_taps_of_its_own_and_gradients_flow():
    net = TappedModel(Odd(), {'map': 'stem'})
    image = torch.randn(1, 3, 8, 8)
    net(image)
    other = copy.deepcopy(net)
    nn.init.zeros_(other.model.stem.weight)
    nn.init.zeros_(other.model.stem.bias)
    assert not other(image)['map'].any() and net(image)['map'].any()
    net(image)['map'].sum().backward()
    assert net.model.stem.weight.grad.any() and not any(kept.outputs for kept in net._kept.values())
    assert next(iter(net.state_dict())) == 'model.stem.weight'


def test_what_no_tap_depends_on():
    names = TappedModel(Odd(), {'map': 'stem'}).unreached()
    assert names == ['head.weight', 'head.bias', 'unused.weight', 'unused.bias']
    assert TappedModel(Odd(), {'out': ''}).unreached() == ['unused.weight', 'unused.bias']


def test_a_network_that_reads_values_is_tried_for_real():
    net = TappedModel(Reads().train(), {'x': 'conv'}, probe_size=(16, 16))
    assert net.tap_specs['x'] == TapSpec(6, 2) and net.training and net.unreached() == []


def test_learning_the_specs_leaves_statistics_and_mode_alone():
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    net = TappedModel(body, {'x': '1'})
    assert net.training and body[1].num_batches_tracked == 0 and body[1].weight.device.type == 'cpu'


@pytest.mark.parametrize(('taps', 'sentence'), [
    ({}, 'needs taps'),
    ({'x': 'stm'}, "no module 'stm'; nearest: stem"),
    ({'x': 'encoder.head'}, 'nearest: head'),
    ({'x': 'zzz'}, 'nearest: stem, parts'),
    ({'x': 'parts'}, 'tuple of 2 .*select one with item'),
    ({'x': {'module': 'parts', 'item': '1.thrice'}}, "no item 'thrice'.*twice, list"),
    ({'x': 'tokens'}, r'tokens=dict\(patch=16, prefix=1\)'),
    ({'x': {'module': 'tokens', 'tokens': {'patch': 4}}}, r'a 32x32 image has 65 tokens, not prefix=0 and 8 x 8'),
    ({'x': {'module': 'tokens', 'tokens': {'size': 4}}}, 'give dict'),
    ({'x': {'modul': 'stem'}}, 'path of a module'),
    ({'x': 'unused'}, "does not run its module 'unused'"),
])
def test_mistakes(taps, sentence):
    with pytest.raises(ValueError, match=sentence):
        TappedModel(Odd(), taps, probe_size=(32, 32))


def test_a_size_the_network_cannot_take():
    with pytest.raises(ValueError, match='does not support a 1x3x2x2 image.*input_size'):
        TappedModel(Odd(), {'x': 'stem'}, probe_size=(2, 2))
