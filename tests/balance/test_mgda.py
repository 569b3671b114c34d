import numpy as np
import pytest

from mtkd.balance import MGDA


@pytest.mark.parametrize('normalise, lengths', [('none', (1, 2)), ('l2', (1, 1)), ('loss', (1 / 4, 2 / 3)),
                                                ('loss+', (1 / 4, 1 / 3))])
def test_normalisers(normalise, lengths):
    """For orthogonal gradients of norms a and b, the weights are b² and a², divided by their sum."""
    found = MGDA(normalise).solve(np.diag([1.0, 4.0]), np.arange(2), np.array([4.0, 3.0]))
    first, second = (length ** 2 for length in lengths)
    assert found.tolist() == pytest.approx([second / (first + second), first / (first + second)])


def test_an_unknown_normaliser():
    with pytest.raises(ValueError, match="no normalise='max'; choose from none, l2, loss, loss"):
        MGDA('max')
