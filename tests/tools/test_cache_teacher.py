"""tools/cache_teacher.py from the command line."""

import runpy
import sys
from pathlib import Path

import pytest

from mtkd.engine.cli import exit_code

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'cache_teacher.py'


def test_a_config_without_a_cache_is_told_how(monkeypatch, capsys, tmp_path):
    main = runpy.run_path(str(TOOL))['main']
    monkeypatch.setattr(sys, 'argv', ['cache_teacher.py', 'configs/mlfd/teacher_s32_svhn.py', '--data-root', str(tmp_path)])
    assert exit_code(main) == 2
    assert '--cfg-options teacher_cache.views=2' in capsys.readouterr().err


def test_a_missing_teacher_is_named(monkeypatch, capsys, tmp_path):
    main = runpy.run_path(str(TOOL))['main']
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path))
    monkeypatch.setattr(sys, 'argv', ['cache_teacher.py', 'configs/mlfd/student_s32_cifar10_l1_l2_l3_cached.py'])
    assert exit_code(main) == 2
    assert "teacher 'joint'" in capsys.readouterr().err


def test_help_shows_an_example(monkeypatch, capsys):
    main = runpy.run_path(str(TOOL))['main']
    monkeypatch.setattr(sys, 'argv', ['cache_teacher.py', '--help'])
    with pytest.raises(SystemExit):
        main()
    assert 'configs/mlfd' in capsys.readouterr().out
