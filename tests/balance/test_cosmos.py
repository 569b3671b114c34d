import pytest

from mtkd.balance import COSMOS

from .cases import set_up
from .official import follow


def test_steps_are_torchjds():
    follow('COSMOS', COSMOS(2.0, (1, 2, 3)))


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='COSMOS has penalty=-1; give 0 or more'):
        COSMOS(-1)
    with pytest.raises(ValueError, match="COSMOS's preference must hold 3 positive numbers, one for each of task0"):
        set_up(COSMOS(preference=(1, 0, 2)))
