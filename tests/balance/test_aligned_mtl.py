import numpy as np
import pytest
import torch
from torchjd.aggregation import AlignedMTLWeighting

from mtkd.balance import AlignedMTL
from mtkd.balance.aligned_mtl import principal
from mtkd.balance.angles import angles

from .cases import random_rows, set_up, weights_of

# SamsungLabs/MTL at 3f577f1: weights.sum(-1) of ProcrustesSolver.apply(rows.T[None], scale_mode) of the rows below, float32
# (torch.symeig, which was removed from torch, replaced by torch.linalg.eigh)
ROWS = ((1.0, 0.5, 0.0, 2.0), (0.0, 1.0, 1.0, -0.5), (3.0, 0.0, 1.0, 1.0))
AUTHORS = {
    'min': (0.6118623, 0.9150232, 0.1744115),
    'median': (0.831697, 1.24378, 0.2370754),
    'rmse': (1.1949021, 1.7869431, 0.3406071)}


@pytest.mark.parametrize('scale_mode', AUTHORS)
def test_weights_are_the_authors(scale_mode):
    assert weights_of(set_up(AlignedMTL(scale_mode)), ROWS) == pytest.approx(AUTHORS[scale_mode], rel=1e-5)
    assert AlignedMTL().scale_mode == 'min'


@pytest.mark.parametrize('scale_mode', ['min', 'median', 'rmse'])
def test_orthogonal_gradients_come_to_one_length(scale_mode):
    rows = np.diag([1.0, 2.0, 4.0])
    length = {'min': 1.0,
    'median': 2.0, 'rmse': (21 / 3) ** 0.5}[scale_mode]
    assert weights_of(set_up(AlignedMTL(scale_mode)), rows) @ rows == pytest.approx([length] * 3)


@pytest.mark.parametrize('seed', range(5))
def test_torchjd_weighs_alike_with_a_preference(seed):
    rows = random_rows(seed, 4)
    for mode in ('min', 'median', 'rmse'):
        theirs = AlignedMTLWeighting(torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64), mode)
        assert weights_of(set_up(AlignedMTL(mode, (1, 2, 3, 4)), 4), rows) == pytest.approx(
            theirs(torch.from_numpy(rows @ rows.T)).numpy(), rel=1e-5)


def test_singular_values_keep_their_digits_at_a_ratio_of_a_million():
    unit = np.linalg.qr(random_rows(0, 3, 3))[0] + 0.3
    rows = unit * [[1e-6], [1.0], [1e-3]]
    left, singular = principal(*angles(rows @ rows.T))
    expected = np.linalg.svd(rows)
    assert singular == pytest.approx(expected[1], rel=1e-9)
    assert np.abs(left) == pytest.approx(np.abs(expected[0]), rel=1e-7)


def test_an_unknown_scale():
    with pytest.raises(ValueError, match="no scale_mode='max'"):
        AlignedMTL('max')
