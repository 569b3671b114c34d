"""Several optimizers combined into one: the same steps, also after saving and loading."""

import pytest
import torch

from mtkd.engine.combined_optimizer import CombinedOptimizer


def parts():
    """Two parameters and an optimizer for both."""
    first, second = (torch.nn.Parameter(torch.arange(1.0, 4.0)) for _ in range(2))
    return first, second, CombinedOptimizer([torch.optim.SGD([first], lr=0.1, momentum=0.9),
                                             torch.optim.Adam([second], lr=0.01)])


def steps(first, second, optimizers, count, start=0):
    for i in range(start, start + count):
        for optimizer in optimizers:
            optimizer.zero_grad()
        ((first * second).sum() * (i + 1)).backward()
        for optimizer in optimizers:
            optimizer.step()


def test_its_steps_are_those_of_the_optimizers_apart():
    first, second, combined = parts()
    steps(first, second, [combined], 4)
    a, b = (torch.nn.Parameter(torch.arange(1.0, 4.0)) for _ in range(2))
    steps(a, b, [torch.optim.SGD([a], lr=0.1, momentum=0.9), torch.optim.Adam([b], lr=0.01)], 4)
    assert torch.equal(first, a) and torch.equal(second, b)


def test_it_goes_on_where_it_was(tmp_path):
    first, second, combined = parts()
    steps(first, second, [combined], 2)
    torch.save({'optimizer': combined.state_dict(), 'values': [first.detach(), second.detach()]}, tmp_path / 'a.pth')
    steps(first, second, [combined], 3, start=2)

    saved = torch.load(tmp_path / 'a.pth', weights_only=True)
    again, other, loaded = parts()
    for parameter, value in zip((again, other), saved['values'], strict=True):
        parameter.data.copy_(value)
    loaded.load_state_dict(saved['optimizer'])
    steps(again, other, [loaded], 3, start=2)
    assert torch.equal(first, again) and torch.equal(second, other)
    assert set(loaded.state[again]) == {'momentum_buffer'} and {'exp_avg', 'exp_avg_sq'} < set(loaded.state[other])


def test_a_rate_that_a_schedule_sets_is_the_optimizers():
    first, second, combined = parts()
    combined.load_state_dict(combined.state_dict())
    for group in combined.param_groups:
        group['lr'] = 0.0
    steps(first, second, [combined], 1)
    assert torch.equal(first, second) and torch.equal(first, torch.arange(1.0, 4.0))
    assert combined.defaults['lr'] == 0.1 and 'betas' not in combined.param_groups[0]


def test_a_closure_is_refused():
    with pytest.raises(ValueError, match='takes no closure'):
        parts()[2].step(lambda: 0.0)
