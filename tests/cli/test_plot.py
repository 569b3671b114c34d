"""``mtkd plot``: the figure it writes, and its errors."""

import cv2
import pytest

from tests.leaderboard.test_curves import line
from tests.leaderboard.test_curves import run as write_run

from .called import run


def test_a_figure_and_mistakes(tmp_path, monkeypatch, capsys):
    work = write_run(tmp_path / 'kd' / 'seed0', [line(step) for step in range(10, 101, 10)])
    out = tmp_path / 'figures' / 'curves.png'
    code, said, _ = run(monkeypatch, capsys, 'plot', work, '--out', out, '--smooth', '3', '--log', '--lr')
    assert code == 0 and f'wrote {out}' in said
    picture = cv2.imread(str(out))
    assert picture.shape[1] > 1000 and picture.std() > 5


@pytest.mark.parametrize(('arguments', 'sentence'), [(['{tmp}'], 'contains no vis_data'),
                                                    (['{work}', '--terms', 'x/*'], "no term matches 'x/*'")])
def test_mistakes_are_one_sentence(arguments, sentence, tmp_path, monkeypatch, capsys):
    work = write_run(tmp_path / 'kd' / 'seed0', [line(step) for step in range(10, 101, 10)])
    given = [argument.format(tmp=tmp_path, work=work) for argument in arguments]
    code, _, err = run(monkeypatch, capsys, 'plot', *given, '--out', tmp_path / 'curves.png')
    assert code == 2 and err.startswith('error: ') and sentence in err and err.count('error: ') == 1
