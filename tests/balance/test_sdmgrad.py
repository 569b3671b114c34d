import pytest

from mtkd.balance import SDMGrad

from .official import follow


def test_steps_are_libmtls():
    follow('SDMGrad', SDMGrad(trade=0.3, iterations=20))


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='give trade >= 0, iterations >= 1'):
        SDMGrad(iterations=0)
