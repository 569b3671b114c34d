import torch

from mtkd.balance import Random, Seen


def weights(balance, *values):
    losses = torch.tensor(values, requires_grad=True)
    balance.combine(losses, Seen(losses.detach(), losses.detach() != 0)).backward()
    return losses.grad


def test_drawn_each_step_of_sum_one():
    balance, again = Random(seed=1), Random(seed=1)
    first, second = weights(balance, 1.0, 2.0, 3.0), weights(balance, 1.0, 2.0, 3.0)
    torch.testing.assert_close(first.sum(), torch.tensor(1.0))
    assert (first > 0).all() and not torch.equal(first, second)
    again.load_state_dict({'step': torch.tensor(1)})
    assert torch.equal(weights(again, 1.0, 2.0, 3.0), second)


def test_an_absent_task_leaves_its_share_to_the_others():
    found = weights(Random(seed=1), 1.0, 0.0, 3.0)
    assert found[1] == 0
    torch.testing.assert_close(found.sum(), torch.tensor(1.0))


def test_the_runs_seed_is_taken_where_none_is_given():
    balance = Random()
    balance.begin(seed=1)
    assert torch.equal(weights(balance, 1.0, 2.0), weights(Random(seed=1), 1.0, 2.0))
