from mtkd.balance import GLS

from .official import follow


def test_steps_are_libmtls():
    follow('GLS', GLS())
