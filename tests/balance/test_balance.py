import pytest
import torch

from mtkd.balance import Balance, Seen, Uncertainty

WEIGHTS = {'semseg': 1.0, 'edge': 50.0}


def balance(include='tasks'):
    made = Balance(include)
    made.setup(WEIGHTS)
    return made


def terms(**values):
    return {name.replace('__', '/'): torch.tensor(value, requires_grad=True) for name, value in values.items()}


def test_setup_keeps_the_order_of_the_tasks():
    made = balance()
    assert made.names == ('semseg', 'edge') and made.weights == WEIGHTS and made.needs_gram is False
    assert not list(made.parameters()) and not made.state_dict()
    assert made.extra_passes(8) == 0 and repr(made) == (
        "Balance(include='tasks', level='loss', heads='weighted', no extra backward pass)")


def test_terms_of_a_task_are_weighted_and_added():
    given = terms(semseg__ce=2.0, semseg__aux=3.0, edge__bce=0.1)
    total = balance()(given, {}, {}, {})
    assert total.shape == () and total.item() == pytest.approx(2 + 3 + 50 * 0.1)
    total.backward()
    assert {name: term.grad.item() for name, term in given.items()} == {'semseg/ce': 1, 'semseg/aux': 1, 'edge/bce': 50}


class Fixed(Balance):
    """Weighs the tasks 10 and 100, and records its inputs."""

    def combine(self, losses, seen=None):
        self.losses, self.seen = losses.detach(), seen
        return (losses * torch.tensor([10.0, 100.0])).sum()


def fixed(include='tasks'):
    made = Fixed(include)
    made.setup(WEIGHTS)
    return made


@pytest.mark.parametrize('include, semseg', [('tasks', 2.0), ('all', 2.0 + 4 * 7)])
def test_distillation_terms_keep_their_weight_or_join_their_task(include, semseg):
    made = fixed(include)
    extra = terms(semseg__cs=7.0, shared__at=11.0)
    total = made(terms(semseg__ce=2.0, edge__bce=0.1), extra, {'semseg/cs': 4.0, 'shared/at': 0.5}, {})
    assert made.losses.tolist() == pytest.approx([semseg, 5.0])
    outside = 0.5 * 11 + (4 * 7 if include == 'tasks' else 0)
    assert total.item() == pytest.approx(10 * semseg + 100 * 5 + outside)
    total.backward()
    assert extra['semseg/cs'].grad.item() == (4 if include == 'tasks' else 40)
    assert extra['shared/at'].grad.item() == 0.5


def test_a_task_without_a_term_is_zero():
    made = fixed()
    made(terms(edge__bce=1.0), {}, {}, {})
    assert made.losses.tolist() == [0.0, 50.0]
    assert made.seen == Seen(made.seen.values, made.seen.active)
    assert made.seen.values.tolist() == [0.0, 50.0] and made.seen.active.tolist() == [False, True]


def test_the_terms_of_an_absent_task_are_not_read():
    made = fixed()
    given = terms(semseg__ce=float('inf'), edge__bce=1.0)
    here = {'semseg': torch.tensor([False, False]), 'edge': torch.tensor([False, True])}
    total = made(given, {}, {}, {}, here)
    assert total.item() == 5000 and made.seen.active.tolist() == [False, True]
    total.backward()
    assert given['semseg/ce'].grad == 0


def test_distillation_of_an_absent_task_is_balanced_where_it_is_included():
    made = fixed('all')
    here = {'semseg': torch.tensor([False]), 'edge': torch.tensor([True])}
    made(terms(semseg__ce=3.0, edge__bce=1.0), terms(semseg__cs=2.0), {'semseg/cs': 4.0}, {}, here)
    assert made.losses.tolist() == [8.0, 50.0] and made.seen.active.tolist() == [True, True]


def test_without_gradients_the_total_is_the_plain_sum():
    made = fixed()
    with torch.no_grad():
        assert made(terms(semseg__ce=2.0, edge__bce=1.0), {}, {}, {}) == 52
    assert not hasattr(made, 'seen')


def test_what_is_included_must_be_known():
    with pytest.raises(ValueError, match="include='everything' is unknown; choose 'tasks' or 'all'"):
        Balance('everything')


def test_one_task_is_not_balanced():
    with pytest.raises(ValueError, match=r"needs two or more tasks, but there is only depth; use dict\(type='Weighted"):
        Balance().setup({'depth': 1.0})


def test_what_must_be_told_is_asked_for():
    class Listening(Fixed):
        hears = frozenset({'epoch', 'seed'})

    made = Listening()
    made.setup(WEIGHTS)
    given = terms(semseg__ce=2.0, edge__bce=0.1)
    with pytest.raises(ValueError, match=r"Listening must be informed of epoch; add balance=dict\(type='BalanceHook'\)"):
        made(given, {}, {}, {})
    made.begin()
    assert made(given, {}, {}, {}) == 520


def test_the_first_call_settles_the_tasks():
    made = Fixed()
    a, b = torch.tensor(2.0, requires_grad=True), torch.tensor(3.0, requires_grad=True)
    total = made({'a': a, 'b': b})
    assert made.names == ('a', 'b') and made.weights == {'a': 1.0, 'b': 1.0}
    ready = Fixed()
    ready.setup({'a': 1.0, 'b': 1.0})
    assert torch.equal(total, ready({'a/x': a, 'b/y': b}, {}, {}, {}))
    assert torch.equal(made({'b': b}), ready({'b/y': b}, {}, {}, {})), 'a step may lack a task'
    with pytest.raises(ValueError, match="'c' belongs to a task that Fixed was not set up for; it balances a, b"):
        made({'a': a, 'c': b})


def test_a_balance_with_parameters_is_set_up_before_the_optimiser():
    made = Uncertainty()
    losses = {'a': torch.tensor(2.0), 'b': torch.tensor(3.0)}
    for _ in range(2):
        with pytest.raises(ValueError, match='Uncertainty has trainable parameters: call setup'):
            made(losses)
    made.setup({'a': 1.0, 'b': 1.0})
    made(losses).backward()
    assert made.log_variance.grad is not None
