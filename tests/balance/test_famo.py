import pytest
import torch

from mtkd.balance import FAMO, Seen

from .cases import set_up
from .official import follow, step, toy


def test_steps_are_libmtls():
    follow('FAMO', FAMO(lr=0.025, weight_decay=1e-3))


def test_the_next_batch_can_stand_for_another_look():
    """If the same batch is used repeatedly, the losses before the next step are those after this one."""
    again, following = FAMO(), FAMO(look='next')
    first, second = toy(again), toy(following)
    for _ in range(4):
        expected, found = step(first, again, True), step(second, following)
        assert found[0] == pytest.approx(expected[0], rel=1e-6)
    assert not following.hears and again.hears == {'stepped'}


def test_an_absent_tasks_logit_rests():
    balance = set_up(FAMO())
    balance.logits.copy_(torch.tensor([0.1, 0.2, 0.3]))
    values = torch.tensor([1.0, 0.0, 2.0])
    balance.combine(values.clone().requires_grad_(), Seen(values, values != 0))
    balance.stepped([torch.tensor(0.5), torch.tensor(0.0), torch.tensor(1.9)])
    assert balance.logits[1] == torch.tensor(0.2) and balance.logits[0] != torch.tensor(0.1)


@pytest.mark.parametrize('kwargs, sentence', [({'look': 'back'}, "no look='back'; choose 'again' or 'next'"),
                                              ({'lr': -1}, 'give 0 or more')])
def test_its_arguments_have_bounds(kwargs, sentence):
    with pytest.raises(ValueError, match=sentence):
        FAMO(**kwargs)
    with pytest.raises(ValueError, match='min_losses must hold 3 numbers'):
        set_up(FAMO(min_losses=(1.0,)))
