import pytest

from mtkd.distill.base_link import BaseLink


def test_defaults_are_a_link_that_reads_nothing():
    link = BaseLink()
    assert link.term_name('semseg/x') == 'semseg/x' and link.weight_at(0.5) == 1.0 and link.teacher_taps == {}
    link.bind({}, {}, {})
    with pytest.raises(TypeError, match='BaseLink does not implement forward'):
        link({}, {}, {}, {})
