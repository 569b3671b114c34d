"""Packages are hidden only while a module of the table is imported."""

import importlib
import sys

import pytest

from mtkd.late_imports import HIDDEN, LateImports, install

PROBE = """
try:
    import {name}
    found = True
except ImportError:
    found = False
"""


@pytest.fixture
def probes(tmp_path, monkeypatch):
    """Two modules that import ``colorsys``; the first is in the table."""
    for name in ('hidden_probe', 'plain_probe'):
        (tmp_path / f'{name}.py').write_text(PROBE.format(name='colorsys'))
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, 'meta_path', [LateImports({'hidden_probe': ('colorsys',)}), *sys.meta_path])
    monkeypatch.delitem(sys.modules, 'colorsys', raising=False)


def test_hidden_while_the_module_is_imported(probes):
    assert importlib.import_module('hidden_probe').found is False
    assert 'colorsys' not in sys.modules
    assert importlib.import_module('plain_probe').found is True


def test_what_is_imported_already_is_not_hidden(probes):
    import colorsys
    assert importlib.import_module('hidden_probe').found is True and sys.modules['colorsys'] is colorsys


def test_a_module_that_fails_leaves_nothing_hidden(probes, tmp_path):
    (tmp_path / 'hidden_probe.py').write_text('raise ValueError')
    with pytest.raises(ValueError):
        importlib.import_module('hidden_probe')
    assert 'colorsys' not in sys.modules
    assert importlib.import_module('colorsys')


def test_it_is_installed_once():
    install()
    assert sum(isinstance(finder, LateImports) for finder in sys.meta_path) == 1
    assert HIDDEN['mmengine.optim.optimizer.builder'] == ('transformers',)
