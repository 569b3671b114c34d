import pytest
import torch

from mtkd.balance import Balance

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


def test_terms_of_a_task_are_weighted_and_added():
    given = terms(semseg__ce=2.0, semseg__aux=3.0, edge__bce=0.1)
    total = balance()(given, {}, {}, {})
    assert total.shape == () and total.item() == pytest.approx(2 + 3 + 50 * 0.1)
    total.backward()
    assert {name: term.grad.item() for name, term in given.items()} == {'semseg/ce': 1, 'semseg/aux': 1, 'edge/bce': 50}


class Fixed(Balance):
    """Weighs the tasks 10 and 100, and remembers what it was given."""

    def combine(self, losses, gram=None):
        self.seen = losses.detach()
        return (losses * torch.tensor([10.0, 100.0])).sum()


@pytest.mark.parametrize('include, semseg', [('tasks', 2.0), ('all', 2.0 + 4 * 7)])
def test_distillation_terms_keep_their_weight_or_join_their_task(include, semseg):
    made = Fixed(include)
    made.setup(WEIGHTS)
    extra = terms(semseg__cs=7.0, shared__at=11.0)
    total = made(terms(semseg__ce=2.0, edge__bce=0.1), extra, {'semseg/cs': 4.0, 'shared/at': 0.5}, {})
    assert made.seen.tolist() == pytest.approx([semseg, 5.0])
    outside = 0.5 * 11 + (4 * 7 if include == 'tasks' else 0)
    assert total.item() == pytest.approx(10 * semseg + 100 * 5 + outside)
    total.backward()
    assert extra['semseg/cs'].grad.item() == (4 if include == 'tasks' else 40)
    assert extra['shared/at'].grad.item() == 0.5


def test_a_task_without_a_term_is_zero():
    made = Fixed()
    made.setup(WEIGHTS)
    made(terms(edge__bce=1.0), {}, {}, {})
    assert made.seen.tolist() == [0.0, 50.0]


def test_what_is_included_must_be_known():
    with pytest.raises(ValueError, match="include='everything' is unknown; choose 'tasks' or 'all'"):
        Balance('everything')
