import pytest
import torch

from mtkd.balance import Scalarization, Seen

from .cases import set_up


class Squares(Scalarization):
    """Σ L²: nonlinear."""

    def scalar(self, values, active):
        return (values.square() * active).sum()


def test_a_rank_takes_the_slope_at_the_losses_over_all_ranks():
    """Losses 1 and 3 of two ranks are 2 over all ranks: the gradient of each rank is that of 4 L."""
    totals = []
    for own in (1.0, 3.0):
        losses = torch.tensor([own, 0.0, 0.0], requires_grad=True)
        values = torch.tensor([2.0, 0.0, 0.0])
        total = set_up(Squares()).combine(losses, Seen(values, values != 0))
        total.backward()
        assert losses.grad.tolist() == [4, 0, 0]
        totals.append(total.item())
    assert sum(totals) / 2 == pytest.approx(4)


def test_a_method_has_to_be_a_function():
    with pytest.raises(TypeError, match='Scalarization does not implement scalar'):
        Scalarization().combine(torch.ones(2))
