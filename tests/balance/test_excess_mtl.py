import pytest

from mtkd.balance import ExcessMTL

from .official import follow


def test_steps_are_libmtls():
    follow('ExcessMTL', ExcessMTL(step_size=0.1))


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='ExcessMTL has step_size=-1; give 0 or more'):
        ExcessMTL(-1)
