"""Configs by name, in a checkout and in a wheel, and their headers."""

from pathlib import Path

import pytest

from mtkd import config_files
from mtkd.config_files import command, facts, find_config, known_configs

ROOT = Path(__file__).resolve().parents[1]
SWIN = ROOT / 'configs' / 'kdam' / 'swinT_from_swinL_nyud.py'


@pytest.mark.parametrize('given', ['configs/kdam/swinT_from_swinL_nyud.py', 'kdam/swinT_from_swinL_nyud',
                                   'kdam/swinT_from_swinL_nyud.py', 'swinT_from_swinL_nyud', str(SWIN)])
def test_ways_to_name_a_config(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_config(given) == SWIN


def test_the_users_own_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / 'swinT_from_swinL_nyud'
    own.write_text('')
    assert find_config('swinT_from_swinL_nyud') == own
    beside = tmp_path / 'sub' / 'a.py'
    beside.parent.mkdir()
    beside.write_text('')
    assert find_config('a.py', beside=tmp_path / 'sub' / 'b.py') == beside


def test_a_wrong_name_names_the_nearest():
    with pytest.raises(FileNotFoundError, match=r'no config kdam/swinT_from_swinLL_nyud; did you mean '
                                                r'kdam/swinT_from_swinL_nyud'):
        find_config('kdam/swinT_from_swinLL_nyud')
    with pytest.raises(FileNotFoundError, match='no config qqqqqq; mtkd configs lists'):
        find_config('qqqqqq')


def test_an_installed_package_has_its_own_configs(tmp_path, monkeypatch):
    package = tmp_path / 'site-packages' / 'mtkd'
    (package / '.mim' / 'configs' / 'kdam').mkdir(parents=True)
    (package / '.mim' / 'configs' / 'kdam' / 'one.py').write_text('')
    monkeypatch.setattr(config_files, 'PACKAGE', package)
    assert config_files._home() == package / '.mim'
    monkeypatch.setattr(config_files, 'HOME', package / '.mim')
    assert find_config('kdam/one') == package / '.mim' / 'configs' / 'kdam' / 'one.py'
    assert list(known_configs()) == ['kdam/one']


def test_facts_come_from_the_file_and_its_bases():
    told = facts(SWIN, 'kdam/swinT_from_swinL_nyud')
    assert (told.suite, told.method, told.student, told.data) == ('kdam_nyud', 'MT+KDAM', 'Swin-T', 'nyud')
    assert told.teachers == ('baselines/mt_swinL_nyud',)
    assert told.purpose.startswith('Swin-T distilled from one Swin-L') and told.cost.startswith('Cost and result')


def test_every_config_says_what_it_is():
    for name, path in known_configs().items():
        told = facts(path, name)
        assert told.purpose, name
        assert all(teacher in known_configs() for teacher in told.teachers), name


def test_a_command_is_one_of_this_python():
    assert command('train')[1:] == ('-m', 'mtkd', 'train')
