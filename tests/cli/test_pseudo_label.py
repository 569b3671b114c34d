"""``mtkd pseudo-label``, and ``mtkd test`` on several test sets, as a user types them."""

import pytest

from mtkd.engine.run import Job, train
from mtkd.leaderboard import Result
from tests.prerequisites.pseudo_toy import write_config, write_pair

from .called import run


@pytest.fixture
def pair(tmp_path, monkeypatch):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    return write_pair(tmp_path)


def test_a_missing_teacher_then_labels_with_csv_then_another_test_set(pair, tmp_path, monkeypatch, capsys):
    student, teacher = pair
    code, _, err = run(monkeypatch, capsys, 'pseudo-label', student)
    assert code == 2 and 'train it with: mtkd train' in err and err.count('error: ') == 1
    folder = train(Job(str(teacher)))
    capsys.readouterr()
    code, out, _ = run(monkeypatch, capsys, 'pseudo-label', student, '--csv')
    assert code == 0 and 'none train, hue: ' in out and 's left' in out
    names = sorted(path.name for path in (folder / 'pseudo').iterdir())
    assert names == [f'{part}-train.{end}' for part in ('none', 'one', 'two') for end in ('csv', 'npz')]
    code, out, _ = run(monkeypatch, capsys, 'test', teacher, folder / 'final.pth', '--out', 'results_few.json',
                       '--cfg-options', 'test_dataloader.dataset.length=4', 'domain=few', 'test_set=first_four')
    assert code == 0
    result = Result.read(folder / 'results_few.json')
    assert (result.test_set, result.domain, result.train_set) == ('first_four', 'few', 'toy faces')
    assert not (folder / 'results.json').exists()


def test_a_config_without_any(tmp_path, monkeypatch, capsys):
    code, _, err = run(monkeypatch, capsys, 'pseudo-label', write_config(tmp_path, 'plain'))
    assert code == 2 and 'has no pseudo-labels to make' in err and 'Traceback' not in err
