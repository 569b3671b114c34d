"""Samples, entropy, freezing, and a search among signals of which one is correct."""

import math

import pytest
import torch

from mtkd.models.blocks.context_choice import ContextChoice
from mtkd.models.genotype import KINDS

TASKS = ('semseg', 'depth')


def choice(scores=None):
    made = ContextChoice(TASKS)
    if scores is not None:
        made.logits.data.copy_(torch.tensor(scores))
    return made


def test_it_begins_undecided():
    made = choice()
    expected = torch.full((2, 2, 5), 1 / 5)
    expected[0, 0] = expected[1, 1] = torch.tensor([0.25, 0.25, 0.25, 0.25, 0])
    torch.testing.assert_close(made.probabilities(), expected)
    assert made.entropy().item() == pytest.approx((math.log(4) + math.log(5)) / 2)
    assert (made.frozen == -1).all()


def test_a_task_has_no_source_regions_of_itself():
    made = choice([[[0, 0, 0, 1, 9.0], [0, 0, 0, 1, 9.0]], [[0, 0, 0, 1, 9.0], [0, 0, 0, 1, 9.0]]])
    assert made.genotype() == {'semseg': {'semseg': 3, 'depth': 4}, 'depth': {'semseg': 4, 'depth': 3}}
    assert [KINDS[kind] for kind in made.kinds('depth', 'depth')] == ['none', 'global', 'local', 'target_regions']
    sampled = torch.stack([made.weights() for _ in range(50)])
    assert (sampled[:, [0, 1], [0, 1], 4] == 0).all() and sampled[:, 0, 1, 4].mean() > 0.8


def test_samples_follow_the_probabilities_and_sharpen():
    """Gumbel-max: the largest entry of a sample is a kind with the probability of that kind."""
    torch.manual_seed(0)
    made = choice(torch.randn(2, 2, 5).tolist())
    samples = torch.stack([made.weights().detach() for _ in range(2000)])
    torch.testing.assert_close(samples.sum(-1), torch.ones(2000, 2, 2))
    often = torch.nn.functional.one_hot(samples.argmax(-1), 5).float().mean(0)
    torch.testing.assert_close(often, made.probabilities().detach(), atol=0.04, rtol=0)
    made.temperature.fill_(0.05)
    sharp = torch.stack([made.weights().detach() for _ in range(100)])
    assert sharp.amax(-1).mean() > 0.95 > samples.amax(-1).mean()


def test_the_seed_decides_the_sample():
    made = choice()
    torch.manual_seed(3)
    first = made.weights()
    torch.manual_seed(3)
    assert torch.equal(first, made.weights()) and not torch.equal(first, made.weights())


def test_freezing_is_for_good():
    made = choice([[[2.0, 0, 0, 0, 0], [0.0, 0, 0, 0, 0]], [[0.0, 0, 0, 0, 0.9], [0, 1.5, 1.5, 0, 0]]])
    made.freeze(0.3)
    assert made.frozen.tolist() == [[0, -1], [-1, -1]]  # the gaps .38 - .15 and .42 - .42 are below .3
    made.logits.data[0, 0] = torch.tensor([0.0, 9, 0, 0, 0])
    made.freeze(0.3)
    assert made.frozen.tolist() == [[0, -1], [-1, -1]] and made.genotype()['semseg']['semseg'] == 0
    weights = made.weights()
    assert torch.equal(weights[0, 0], torch.tensor([1.0, 0, 0, 0, 0])) and 0 < weights[0, 1].max() < 1
    weights.square().sum().backward()
    assert not made.logits.grad[0, 0].any() and made.logits.grad[0, 1].any()
    assert made.logits.grad.isfinite().all()


@pytest.mark.parametrize('weight, falls', [(0.06, True), (-0.02, False)])
def test_the_sign_of_the_weight_says_where_the_entropy_goes(weight, falls):
    torch.manual_seed(0)
    made = choice(torch.randn(2, 2, 5).tolist())
    before = made.entropy().item()
    optimizer = torch.optim.Adam(made.parameters(), lr=0.05)
    for _ in range(20):
        optimizer.zero_grad()
        (weight * made.entropy()).backward()
        assert made.logits.grad.isfinite().all() and not made.logits.grad[[0, 1], [0, 1], 4].any()
        optimizer.step()
    assert (made.entropy().item() < before - 0.1) if falls else (made.entropy().item() > before + 0.1)


@pytest.mark.parametrize('seed', range(3))
def test_it_finds_the_signal_that_is_right(seed):
    """The sum of five signals, the first of which is 0, must equal the planted one; the others are equally large."""
    torch.manual_seed(seed)
    planted = torch.tensor([[3, 1], [0, 4]]) if seed else torch.tensor([[2, 4], [3, 0]])
    planted[1, 1] = min(planted[1, 1].item(), 3)
    made, steps = ContextChoice(TASKS), 150
    optimizer = torch.optim.Adam(made.parameters(), lr=0.05)
    for step in range(steps):
        made.temperature.fill_(1 - 0.95 * step / steps)
        made.entropy_weight.fill_(-0.02 + 0.08 * step / steps)
        made.freeze(0.3)
        signals = torch.randn(2, 2, 5, 64)
        signals[:, :, 0] = 0
        mixed = (made.weights().unsqueeze(-1) * signals).sum(2)
        wanted = signals.gather(2, planted[..., None, None].expand(2, 2, 1, 64)).squeeze(2)
        optimizer.zero_grad()
        ((mixed - wanted).square().mean() + made.entropy_weight * made.entropy()).backward()
        optimizer.step()
    assert made.chosen().tolist() == planted.tolist() and (made.frozen >= 0).all()


def test_scores_and_decisions_are_saved_and_schedules_are_not():
    made = choice([[[2.0, 0, 0, 0, 0]] * 2] * 2)
    made.freeze(0.3)
    assert set(made.state_dict()) == {'logits', 'frozen'}
    again = ContextChoice(TASKS)
    again.load_state_dict(made.state_dict())
    assert again.frozen.tolist() == made.frozen.tolist() == [[0, 0], [0, 0]]
