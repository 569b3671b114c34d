import pytest

from mtkd.balance import PBI

from .cases import set_up
from .official import follow


def test_steps_are_torchjds():
    follow('PBI', PBI(0.5, (1, 2, 3)))


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='PBI has theta=-1; give 0 or more'):
        PBI(-1)
    with pytest.raises(ValueError, match="PBI's reference must hold 3 numbers"):
        set_up(PBI(reference=(1,)))
