import pytest

from mtkd.balance import STCH

from .official import follow


def test_steps_are_libmtls():
    """Two epochs of logarithms, the second of which determines the nadir, and one of the smooth maximum."""
    follow('STCH', STCH(mu=0.5, warmup_epochs=1), epoch=2)


def test_the_papers_equation_is_torchjds():
    follow('STCH_paper', STCH(0.5, None, preference=(1, 2, 3), reference=(0.05, 0.05, 0.05)))


@pytest.mark.parametrize('kwargs, sentence', [({'mu': 0}, 'give mu > 0'),
                                              ({'preference': (1, 2)}, 'with warmup_epochs=None')])
def test_its_arguments_have_bounds(kwargs, sentence):
    with pytest.raises(ValueError, match=sentence):
        STCH(**kwargs)
