import numpy as np
import pytest
import torch
from torchjd.aggregation import IMTLGWeighting

from mtkd.balance import IMTLG, IMTLL
from mtkd.balance.imtl import impartial

from .cases import random_rows, set_up, weights_of
from .official import follow


@pytest.mark.parametrize('seed', range(5))
def test_projections_are_alike_and_weights_torchjds(seed):
    rows = random_rows(seed, 4)
    weights = weights_of(set_up(IMTLG(), 4), rows)
    along = (rows / np.linalg.norm(rows, axis=1, keepdims=True)) @ (weights @ rows)
    assert along == pytest.approx([along[0]] * 4, rel=1e-4) and weights.sum() == pytest.approx(1)
    assert weights == pytest.approx(IMTLGWeighting()(torch.from_numpy(rows @ rows.T)).numpy(), rel=1e-4)


def test_opposite_gradients_cancel_whatever_their_lengths():
    rows = np.array([[1.0, 0.0], [-4.0, 0.0]])
    assert weights_of(set_up(IMTLG(), 2), rows) == pytest.approx([0.8, 0.2])


def test_where_no_weights_do_it_all_are_equal():
    """The only solution of C y = 1 is (-15, 10, 10), and 4/3 · 15 = 20, so the sum of these weights is 0."""
    cosines = np.array([[1.0, 0.8, 0.8], [0.8, 1.0, 0.3], [0.8, 0.3, 1.0]])
    sums = np.array([4 / 3, 1.0, 1.0])
    assert cosines @ [-15, 10, 10] == pytest.approx([1, 1, 1])
    assert impartial(cosines, sums) == pytest.approx(1 / (3 * sums))


def test_learned_scales_take_torchjds_steps():
    follow('IMTLL', IMTLL())
