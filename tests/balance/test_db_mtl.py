import pytest

from mtkd.balance import DBMTL

from .official import follow


def test_steps_are_libmtls():
    follow('DBMTL', DBMTL(beta=0.9, beta_sigma=0.5))


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='DBMTL has beta=2 and beta_sigma=0.0; give 0 <= beta <= 1'):
        DBMTL(beta=2)
