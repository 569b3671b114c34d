"""The report protocol: the options in a config, the file of validations, the statistic."""

import json
import math

import pytest
from mmengine.config import Config

from mtkd.engine.config import load_config, prepare
from mtkd.engine.report import IncompleteReport, Report, Validations, report_of, reported, set_up_report
from tests.engine.toy import write_config

META = {'config_sha256': 'abc', 'seed': 3, 'iter': 40}


def config(report, **changes):
    loader = {'dataset': {'type': 'SyntheticScenes', 'split': 'val'}}
    return Config({'report': report, 'train_cfg': {'max_iters': 4}, 'val_dataloader': loader, 'test_dataloader': loader,
                   'test_evaluator': {'type': 'TaskMetrics'}, **changes})


def write(folder, numbers, ends=(10, 20, 30, 40)):
    Validations('abc', 3, list(ends), numbers).write(folder / 'validations.json')
    return folder


def test_no_report_changes_nothing():
    for cfg in (config(None), Config({'train_cfg': {'max_iters': 4}})):
        before = cfg.to_dict()
        assert report_of(cfg) is None and not set_up_report(cfg) and cfg.to_dict() == before


def test_a_report_switches_validation_on():
    cfg = config({'last_epochs': 5, 'statistic': 'mean'}, val_dataloader=None,
                 val_evaluator={'type': 'TaskMetrics', 'slow': False})
    assert set_up_report(cfg)
    assert cfg.val_dataloader == cfg.test_dataloader and cfg.val_cfg.type == 'ValLoop'
    assert 'slow' not in cfg.val_evaluator, 'the reported validations use the complete set'
    assert cfg.train_cfg.val_last_epochs == 5
    assert [hook.type for hook in cfg.custom_hooks] == ['ReportHook']


def test_the_sets_must_be_the_same():
    other = {'dataset': {'type': 'SyntheticScenes', 'split': 'train'}}
    with pytest.raises(ValueError, match='and test_dataloader differ: make them the same, or set report=None'):
        set_up_report(config({'last_epochs': 2}, val_dataloader=other))
    cached = {'dataset': {'type': 'SyntheticScenes', 'split': 'val', 'cache': True}, 'batch_size': 3}
    assert set_up_report(config({'last_epochs': 2}, val_dataloader=cached))


@pytest.mark.parametrize(('report', 'sentence'), [
    ({'last_epochs': 0}, r'report\.last_epochs=0'), ({'last_epochs': 2.5}, r'report\.last_epochs=2\.5'),
    ({'statistic': 'best'}, r"report\.statistic='best': use one of median, mean"),
    ({'epochs': 3}, "report has the unknown key 'epochs'")])
def test_mistakes_are_one_sentence(report, sentence):
    with pytest.raises(ValueError, match=sentence):
        report_of(config(report))


def test_prepare_follows_it(tmp_path):
    path = write_config(tmp_path)
    path.write_text(path.read_text() + "report = dict(last_epochs=2, statistic='median')\n")
    cfg = prepare(load_config(path), work_dir=tmp_path, seed=0, data_root=tmp_path)
    assert cfg.val_dataloader is not None and cfg.train_cfg.val_last_epochs == 2
    off = prepare(load_config(path, {'report': None}), work_dir=tmp_path, seed=0, data_root=tmp_path)
    assert off.val_dataloader is None and 'val_last_epochs' not in off.train_cfg
    assert off.config_sha256 != cfg.config_sha256, 'the protocol is part of the config'


def test_statistic_over_the_last_epochs(tmp_path):
    values = {5: 100.0, 10: 1.0, 20: 2.0, 30: 9.0, 40: 4.0}  # at 5: in the middle of an epoch
    write(tmp_path, {at: {'depth/rmse': value, 'depth/nan': math.nan} for at, value in values.items()})
    numbers, text = reported(tmp_path, Report(3, 'median'), META)
    assert numbers['depth/rmse'] == 4 and text == 'median of the last 3 epochs' and math.isnan(numbers['depth/nan'])
    assert reported(tmp_path, Report(3, 'mean'), META)[0]['depth/rmse'] == 5
    assert reported(tmp_path, Report(4, 'median'), META)[0]['depth/rmse'] == 3
    numbers, text = reported(tmp_path, Report(20, 'mean'), META)
    assert numbers['depth/rmse'] == 4 and text == 'mean of the last 4 epochs', 'a run of four epochs says so'
    assert reported(tmp_path, Report(1), META) == ({'depth/rmse': 4.0, 'depth/nan': pytest.approx(math.nan, nan_ok=True)},
                                                   'last epoch')


@pytest.mark.parametrize(('meta', 'sentence'), [
    ({'config_sha256': 'other'}, 'belongs to another training'), ({'seed': 4}, 'belongs to another training'),
    ({'iter': 30}, 'the checkpoint is from iteration 30, but the training of .* ends at 40')])
def test_another_checkpoint(tmp_path, meta, sentence):
    write(tmp_path, {at: {'depth/rmse': 1.0} for at in (10, 20, 30, 40)})
    with pytest.raises(IncompleteReport, match=sentence):
        reported(tmp_path, Report(2), {**META, **meta})


def test_validations_that_are_not_there(tmp_path):
    with pytest.raises(IncompleteReport, match=r'there is no .*validations\.json'):
        reported(tmp_path, Report(2), META)
    write(tmp_path, {20: {'depth/rmse': 1.0}, 40: {'depth/rmse': 1.0}})
    with pytest.raises(IncompleteReport, match=r'lacks 1 of 2 validations \(the first at iteration 30\)'):
        reported(tmp_path, Report(2), META)
    text = (tmp_path / 'validations.json').read_text()
    (tmp_path / 'validations.json').write_text(text[:len(text) // 2])
    with pytest.raises(IncompleteReport, match='is damaged'):
        reported(tmp_path, Report(2), META)


def test_round_trip_in_plain_json(tmp_path):
    write(tmp_path, {20: {'a/b': math.nan}, 5: {'a/b': 0.25}})
    data = json.loads((tmp_path / 'validations.json').read_text())
    assert [entry['iter'] for entry in data['validations']] == [5, 20]
    assert data['validations'][1]['metrics'] == {'a/b': None}
    kept = Validations.read(tmp_path / 'validations.json')
    assert kept.report_at == [10, 20, 30, 40] and kept.numbers[5] == {'a/b': 0.25} and math.isnan(kept.numbers[20]['a/b'])
    assert [path.name for path in tmp_path.iterdir()] == ['validations.json']
