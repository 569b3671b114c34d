"""``mtkd configs``."""

import json

import pytest

from mtkd import config_files

from .called import run


def test_all_words_have_to_be_there(monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, 'configs', 'KDAM', 'swinT', 'camvid')
    assert code == 0 and 'kdam/hrnet18_from_swinT_camvid' in out and 'swinL_nyud' not in out
    assert 'MT+KDAM' in out and out.splitlines()[-1].startswith('1 configs')


def test_long_and_json(monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, 'configs', 'hrnet18_from_swinT_camvid', '--long')
    assert code == 0 and 'teachers: baselines/mt_swinT_camvid' in out
    code, out, _ = run(monkeypatch, capsys, 'configs', 'hrnet18_from_swinT_camvid', '--json')
    assert code == 0 and json.loads(out)[0]['name'] == 'kdam/hrnet18_from_swinT_camvid'


def test_no_such_config(monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, 'configs', 'zzz')
    assert code == 2 and 'no config contains all of: zzz' in err


@pytest.mark.parametrize(('text', 'words'), [
    ('x = (', 'SyntaxError: line 1'), ("_base_ = ['gone.py']", 'its base {folder}/gone.py does not exist'),
    ("_base_ = ['broken.py']", 'it inherits from itself'), ('_base_ = [name]', 'ValueError'), ('\0', 'null bytes')])
def test_a_broken_config_is_named_and_the_others_are_listed(monkeypatch, capsys, tmp_path, text, words):
    folder = tmp_path / 'configs'
    folder.mkdir()
    (folder / 'broken.py').write_text(text)
    (folder / 'good.py').write_text("method = 'MT'")
    monkeypatch.setattr(config_files, 'HOME', tmp_path)
    for option in ((), ('--json',)):
        code, out, err = run(monkeypatch, capsys, 'configs', *option)
        assert code == 2 and 'good' in out and 'broken' not in out
        line, = err.splitlines()
        assert line.startswith(f'error: {folder}/broken.py cannot be read as a config: ')
        assert words.format(folder=folder) in line
    code, _, err = run(monkeypatch, capsys, 'configs', 'zzz')
    assert code == 2 and 'broken.py' in err and 'no config contains all of: zzz' in err
