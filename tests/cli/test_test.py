"""Errors of ``mtkd test``. Its files are checked after a training, in ``test_train`` and ``test_pseudo_label``."""

from .called import run


def test_a_checkpoint_that_is_not_there(tmp_path, monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, 'test', 'configs/quickstart/student.py', tmp_path / 'none.pth')
    assert code == 2 and err.startswith('error: ') and 'none.pth does not exist' in err and 'Traceback' not in err


def test_teachers_are_shown_in_pictures_only(tmp_path, monkeypatch, capsys):
    (tmp_path / 'final.pth').write_bytes(b'')
    code, _, err = run(monkeypatch, capsys, 'test', 'configs/quickstart/student.py', tmp_path / 'final.pth')
    assert code == 2 and 'final.pth' in err.splitlines()[0]
