import numpy as np
import pytest
import torch

from mtkd.balance import ConFIG

from .cases import random_rows, set_up, weights_of
from .official import follow


def test_steps_are_the_authors():
    follow('ConFIG', ConFIG(level='params'))


@pytest.mark.parametrize('seed', range(5))
def test_cosines_are_alike_and_torchjd_agrees(seed):
    from torchjd.aggregation import ConFIG as TheirConFIG
    rows = random_rows(seed, 4)
    total = weights_of(set_up(ConFIG(), 4), rows) @ rows
    along = rows / np.linalg.norm(rows, axis=1, keepdims=True) @ total
    assert along == pytest.approx([along[0]] * 4, rel=1e-4)
    preference = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    expected = TheirConFIG(preference)(torch.from_numpy(rows)).numpy()
    assert weights_of(set_up(ConFIG((1, 2, 3, 4)), 4), rows) @ rows == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_opposite_gradients_leave_nothing():
    rows = np.array([[1.0, 0.0], [-3.0, 0.0]])
    assert weights_of(set_up(ConFIG(), 2), rows) == pytest.approx([0, 0])
