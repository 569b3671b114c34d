"""``python -m mtkd``."""

import runpy
import sys

import pytest


def test_it_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['mtkd', '--version'])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module('mtkd', run_name='__main__')
    assert not stop.value.code and capsys.readouterr().out.startswith('mtkd ')
