"""``mtkd demo``: its output, without running the trainings."""

from mtkd.studies import demo
from tests.leaderboard.cases import MT_HRNET18, result, write

from .called import run


def test_the_table_and_the_picture(tmp_path, monkeypatch, capsys):
    def runs(out, max_seeds, seconds):
        for name, title in demo.TITLES.items():
            write(out / name, result(MT_HRNET18, suite=demo.SUITE, method=title))
        return demo.Outcome(max_seeds, {})

    monkeypatch.setattr(demo, 'run', runs)
    monkeypatch.setattr(demo, 'picture', lambda out, folders: out / 'predictions.png')
    monkeypatch.setenv('COLUMNS', '200')
    code, out, _ = run(monkeypatch, capsys, 'demo', '--out', tmp_path / 'd', '--max-seeds', 2)
    assert code == 0 and '2 seed(s)' in out and 'predictions.png' in out and 'Method' in out and 'student taught' in out
    assert 'better in 0 of 4 comparisons' in out
