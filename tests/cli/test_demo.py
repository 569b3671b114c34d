"""``mtkd demo``: what it prints of runs that are not carried out here."""

from mtkd.studies import demo
from tests.leaderboard.cases import MT_HRNET18, ST_HRNET18, result, single_task, write

from .called import run


def test_the_table_and_the_picture(tmp_path, monkeypatch, capsys):
    def runs(out, max_seeds, seconds):
        write(out, *single_task(ST_HRNET18, suite='quickstart'), result(MT_HRNET18, suite='quickstart'))
        return max_seeds, out / 'predictions.png'

    monkeypatch.setattr(demo, 'run', runs)
    monkeypatch.setenv('COLUMNS', '200')
    code, out, _ = run(monkeypatch, capsys, 'demo', '--out', tmp_path / 'd', '--max-seeds', 2)
    assert code == 0 and '2 seed(s)' in out and 'predictions.png' in out and 'Method' in out and 'MT' in out
