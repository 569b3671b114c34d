"""Configs and names of compared networks are checked from the text of the configs."""

import pytest

from mtkd.studies.networks.named import BASELINE, COMPARED, check_named


@pytest.fixture
def configs(tmp_path):
    """Two configs, one of which has a method, and a pattern that matches both."""
    (tmp_path / 'a.py').write_text("method = 'MT'")
    (tmp_path / 'b.py').write_text("_base_ = 'a.py'\nmethod = 'PAD-Net'")
    return str(tmp_path / '*.py')


def test_stems_methods_and_both_are_names(configs):
    check_named([configs], ['a', 'PAD-Net', 'MT [a]'])
    check_named([BASELINE, *COMPARED], ['mt_mobilenetv3_nyud114'])


def test_what_no_config_can_be_is_refused(configs, tmp_path):
    with pytest.raises(ValueError, match=r'--only c: there is no such network; there are a \(MT\), b \(PAD-Net\)'):
        check_named([configs], ['a', 'c'])
    with pytest.raises(ValueError, match='there is no config .*nowhere'):
        check_named([configs, str(tmp_path / 'nowhere*.py')], [])
    (tmp_path / 'c.py').write_text('x = (')
    with pytest.raises(ValueError, match=r'c\.py cannot be read as a config: SyntaxError'):
        check_named([configs], [])


def test_a_method_that_only_running_tells_leaves_names_open(configs, tmp_path):
    (tmp_path / 'c.py').write_text("method = 'a' + 'b'")
    check_named([configs], ['ab'])
