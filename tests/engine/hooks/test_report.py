"""The file of validations over a whole run: when it is written, and that interruptions neither lose nor repeat entries."""

import json
import statistics

import pytest

from mtkd.engine.report import Validations
from mtkd.engine.run import Job, train
from mtkd.engine.run import test as score
from mtkd.registry import LOOPS
from tests.engine.toy import write_config

REPORT = "report = dict(last_epochs=3, statistic='median')\n"


def entries(folder):
    return {entry['iter']: entry['metrics']
            for entry in json.loads((folder / 'validations.json').read_text())['validations']}


class Stopped(Exception):
    """Stands for a killed run."""


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """A toy config of five epochs of three iterations, the last three reported: (config, work dir)."""
    folder = tmp_path_factory.mktemp('report')
    config = write_config(folder, iters=15, interval=1)
    config.write_text(config.read_text() + REPORT)
    (folder / 'run').mkdir()
    Validations('old', 7, [1], {1: {'depth/rmse': 1.0}}).write(folder / 'run' / 'validations.json')  # not inherited
    return config, train(Job(str(config), work_dir=folder / 'run'))


def test_one_entry_at_the_end_of_each_of_the_last_epochs(whole):
    data = json.loads((whole[1] / 'validations.json').read_text())
    assert data['report_at'] == [9, 12, 15] and list(entries(whole[1])) == [9, 12, 15]
    logged = [json.loads(line) for line in (whole[1] / 'vis_data' / 'scalars.json').read_text().splitlines()]
    assert [line['step'] for line in logged if 'depth/rmse' in line] == [9, 12, 15]
    for line in logged:
        if 'depth/rmse' in line:
            assert entries(whole[1])[line['step']]['depth/rmse'] == pytest.approx(line['depth/rmse'])


def test_testing_reports_the_median(whole, tmp_path):
    facts = score(Job(str(whole[0]), work_dir=tmp_path), whole[1] / 'final.pth')
    assert facts.protocol == 'median of the last 3 epochs'
    found = [metrics['depth/rmse'] for metrics in entries(whole[1]).values()]
    assert facts.metrics['depth']['rmse'] == (statistics.median(found), 'm', False)
    last = score(Job(str(whole[0]), work_dir=tmp_path, options={'report': None}), whole[1] / 'final.pth')
    assert last.protocol == 'last checkpoint'
    assert last.metrics['depth']['rmse'][0] == pytest.approx(found[-1], rel=1e-5), 'the last validation is that of final.pth'


def test_without_validations_the_checkpoint_is_reported_and_that_is_said(whole, tmp_path, capsys):
    moved = tmp_path / 'final.pth'
    moved.write_bytes((whole[1] / 'final.pth').read_bytes())
    facts = score(Job(str(whole[0]), work_dir=tmp_path / 'test'), moved)
    assert facts.protocol == 'last checkpoint'
    assert 'note: the metrics are those of the checkpoint, not the median of the last 3 epochs' in capsys.readouterr().out


def test_a_stopped_run_goes_on(whole, tmp_path, monkeypatch):
    """Interrupted between the checkpoint at 12 and the validation that is due there."""
    loop = LOOPS.get('TrainLoop')
    step, work = loop.run_iter, tmp_path / 'run'

    def stopping(self, batch):
        step(self, batch)
        if self._iter == 12:
            raise Stopped

    monkeypatch.setattr(loop, 'run_iter', stopping)
    with pytest.raises(Stopped):
        train(Job(str(whole[0]), work_dir=work))
    assert list(entries(work)) == [9]
    monkeypatch.undo()
    train(Job(str(whole[0]), work_dir=work, resume=True))
    assert entries(work) == entries(whole[1])


def test_going_on_in_another_folder(whole, tmp_path):
    """The validations up to the checkpoint are copied."""
    work = tmp_path / 'again'
    train(Job(str(whole[0]), work_dir=work, resume_from=whole[1] / 'iter_14.pth'))
    assert entries(work) == entries(whole[1])
