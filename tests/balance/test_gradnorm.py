import pytest
import torch

from mtkd.balance import GradNorm, Seen
from mtkd.balance.gradnorm import targets

from .cases import batch, model, sgd

BOTH = torch.tensor([True, True])


def seen(*values):
    values = torch.tensor(values)
    return Seen(values, values != 0)


def test_targets_and_loss_of_the_fact_sheet():
    found = targets(torch.tensor([1.0, 3.0]), torch.tensor([0.5, 1.0]), BOTH, 1.5)
    assert found.tolist() == pytest.approx([1.088662, 3.079201], abs=1e-5)
    made = GradNorm()
    made.setup({'a': 1.0, 'b': 1.0})
    made.initial.copy_(torch.tensor([2.0, 3.0]))
    made.weigh(torch.diag(torch.tensor([1.0, 9.0])), seen(1.0, 3.0))
    assert made._pull.item() == pytest.approx(0.167863, abs=1e-5)
    made._pull.backward()
    assert made.task_weights.grad.tolist() == pytest.approx([-1.0, -3.0])  # below its target: minus G_t


def test_means_are_over_active_tasks():
    found = targets(torch.tensor([1.0, 3.0, 100.0]), torch.tensor([0.5, 1.0, 7.0]), torch.tensor([True, True, False]), 1.5)
    assert found[:2].tolist() == pytest.approx([1.088662, 3.079201], abs=1e-5)


def test_weights_learn_from_gradnorm_alone_and_sum_to_the_number_of_tasks():
    trained = model({'type': 'GradNorm'})
    optimizer = sgd(trained)
    weights = trained.balance.task_weights
    assert weights.tolist() == [1, 1, 1, 1]
    for step in range(6):
        used = weights.detach().clamp_min(0)
        used = used * 4 / used.sum()
        result = trained(**batch(step), mode='loss')
        losses = torch.stack([result[name] for name in list(result)[1:]]) * torch.tensor([t.weight for t in
                                                                                          trained.tasks.values()])
        torch.testing.assert_close(result['loss'].detach(), (used * losses).sum())
        optimizer.zero_grad()
        result['loss'].backward()
        assert weights.grad.any()
        optimizer.step()
    trained(**batch(), mode='loss')
    assert weights.sum().item() == pytest.approx(4) and not torch.equal(weights, torch.ones(4))


def test_initial_losses_of_the_first_step_in_which_a_task_is_there():
    made = GradNorm()
    made.setup({'a': 1.0, 'b': 1.0})
    made.weigh(torch.eye(2), seen(2.0, 0.0))
    assert made.initial.tolist() == [2, 0]
    made.weigh(torch.eye(2), seen(1.0, 5.0))
    made.weigh(torch.eye(2), seen(0.5, 4.0))
    assert made.initial.tolist() == [2, 5]


def test_initial_losses_of_the_first_epoch():
    made = GradNorm(l0='first_epoch')
    made.setup({'a': 1.0, 'b': 1.0})
    assert made.hears == {'epoch'}
    for values in ((2.0, 0.0), (4.0, 3.0)):
        made.weigh(torch.diag(torch.tensor([1.0, 9.0])), seen(*values))
        made._pull.backward()
        assert not made.task_weights.grad.any()
    made.end_epoch()
    assert made.initial.tolist() == [3, 3]
    made.weigh(torch.diag(torch.tensor([1.0, 9.0])), seen(3.0, 3.0))
    made._pull.backward()
    assert made.task_weights.grad.tolist() == [-1, 3]
    made.end_epoch()
    assert made.initial.tolist() == [3, 3]


def test_an_unknown_start():
    with pytest.raises(ValueError, match="no l0='zero'; choose from first_iter, first_epoch"):
        GradNorm(l0='zero')
