import pytest

from mtkd.balance import MoDo

from .official import follow


def test_steps_are_libmtls():
    follow('MoDo', MoDo(gamma=0.01, rho=0.1))


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='give gamma > 0 and rho >= 0'):
        MoDo(gamma=0)
