"""The output and exit codes of ``mtkd plan``."""

from tests.engine.toy import write_config

from .called import run


def test_plan_of_a_smoke_run(tmp_path, monkeypatch, capsys):
    code, out, _ = run(monkeypatch, capsys, 'plan', write_config(tmp_path, iters=50), '--smoke', '--seconds', '0.01')
    assert code == 0 and '50 iterations' in out and 'ON SYNTHETIC DATA, because of --smoke' in out
