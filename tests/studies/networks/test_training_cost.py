import itertools

import pytest
import torch

from mtkd.engine.cost import count_parameters
from mtkd.studies.networks import training_cost
from mtkd.studies.networks.comparators import build_model, find_comparators, synthetic_batch
from mtkd.studies.networks.training_cost import CLOCKS, RESIDENT, Setting, alternate, kept_for_backward, step_times, weigh

from .compared import network, write_network

SMALL = Setting(size=(32, 48), batch_size=2, steps=3)


def test_ratios_are_of_neighbouring_calls(monkeypatch):
    """The calls take 1, 2, 1, 3, 2, 8 s after an untimed pair: ratios 2, 3, 4."""
    spans = itertools.chain.from_iterable(([0.0, took]) for took in (50, 50, 1, 2, 1, 3, 2, 8))
    monkeypatch.setitem(CLOCKS, 'wall', lambda: next(spans))
    calls = []
    found = alternate(lambda: calls.append('a'), lambda: calls.append('b'), 3, 'wall', lambda: calls.append('settle'))
    assert calls == ['a', 'settle', 'b', 'settle'] * 4
    assert (found.ratio, found.spread, found.seconds, found.baseline) == (3.0, (2.5, 3.5), 3.0, 1.0)


def test_what_the_backward_needs_is_counted_by_hand(tmp_path):
    """For y = w x with a leaf x that needs a gradient and a parameter w, only x is kept."""

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = torch.nn.Parameter(torch.ones(1000))

        def forward(self, x, mode):
            return {'loss': (self.w * x).sum()}

    assert kept_for_backward(Line(), {'x': torch.ones(1000, requires_grad=True)}) == 4000
    model = build_model(network(tmp_path))
    one, two = (kept_for_backward(model, synthetic_batch(model, count, (32, 48))) for count in (1, 2))
    assert 1.8 < two / one < 2.2


@pytest.fixture
def counted(monkeypatch):
    """Counts the multiply-adds of convolutions instead of seconds, because time depends on other processes."""
    done = [0.0]

    def count(module, _, out) -> None:
        if isinstance(module, torch.nn.Conv2d):
            done[0] += out.numel() * module.weight[0].numel()

    hook = torch.nn.modules.module.register_module_forward_hook(count)
    monkeypatch.setitem(CLOCKS, 'cpu', lambda: done[0])
    yield
    hook.remove()


def test_a_network_beside_itself_and_beside_a_larger_one(tmp_path, counted):
    base = network(tmp_path)
    wide, = find_comparators([str(write_network(tmp_path, 'wide', 'Wide', "\nmodel['net']['head']['channels'] = 256"))])
    assert step_times(base, base, SMALL, seconds=120).ratio == 1
    found = step_times(wide, base, SMALL, seconds=120)
    assert found.ratio > 1 and found.spread == (found.ratio, found.ratio)
    larger = Setting(size=(64, 96), batch_size=8)  # tensors that malloc maps separately and returns
    small, large = (weigh(one, larger, seconds=120) for one in (base, wide))
    assert small.params == count_parameters(build_model(base).net) < large.params
    assert 0 < small.macs < large.macs and 0 < small.kept < large.kept and small.peak_of == RESIDENT
    assert small.kept / 4 < small.peak < large.peak


def test_the_peak_is_that_of_the_step_alone():
    """A step that temporarily takes 64 MB, in a process that held 128 MB before."""

    class Step:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)

        def __call__(self) -> None:
            torch.ones(16_000_000).sum()

    held = torch.ones(32_000_000)
    assert 60e6 < training_cost._peak_on_cpu(Step()) < 100e6
    del held


def test_an_error_of_the_network_is_said(tmp_path):
    with pytest.raises(RuntimeError, match='size=|RuntimeError|ValueError'):
        weigh(network(tmp_path), Setting(size=(1, 1), batch_size=1), seconds=120)


@pytest.mark.parametrize(('given', 'words'), [
    ({'clock': 'sun'}, "clock 'sun' is unknown"), ({'device': 'cuda'}, 'measure with the wall clock'),
    ({'steps': 0}, 'each must be 1 or more'), ({'size': (0, 5)}, 'size 0x5')])
def test_settings_are_checked(given, words):
    with pytest.raises(ValueError, match=words):
        Setting(**given)
