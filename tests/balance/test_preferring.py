import numpy as np
import pytest

from mtkd.balance import AlignedMTL, UPGrad

from .cases import set_up


def test_preferences_are_of_all_tasks():
    made = set_up(UPGrad((3.0, 1.0, 2.0)))
    assert made.preferred(np.array([0, 1])) == pytest.approx([4.5, 1.5])
    for preference in ((1.0, 2.0), (1.0, 0.0, 2.0)):
        with pytest.raises(ValueError, match="UPGrad's preference must hold 3 positive numbers, one for each of task0, "):
            set_up(UPGrad(preference))


def test_none_is_the_mean_or_the_sum():
    assert UPGrad().preferred(np.arange(4)).tolist() == [0.25] * 4
    assert AlignedMTL().preferred(np.arange(2)).tolist() == [1, 1]
