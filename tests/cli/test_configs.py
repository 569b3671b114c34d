"""``mtkd configs``."""

import json

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
    assert code == 2 and 'no config has the words zzz' in err
