import json
import math
import re

import numpy as np
import pytest

from mtkd.leaderboard.results import SCHEMA_VERSION, Metric, Result

from .cases import result

FULL = {
    'teachers': ['MT swin_l'], 'params': 4_516_000, 'macs': 17_480_000_000, 'input_size': (425, 560),
    'images_per_second': 50.5, 'peak_memory_bytes': 10**9, 'train_set': 'nyud/train', 'test_set': 'nyud/val',
    'protocol': 'median of the last 20 epochs',
    'domain': 'indoor', 'fold': 2, 'device': 'cpu', 'versions': {'torch': '2.6'}, 'code_version': '0.1.0',
    'time': '2025-01-01T00:00:00', 'command': 'python tools/test.py c.py',
}  # fmt: skip


def test_round_trip(tmp_path):
    for record in (result({'semseg': 36.35, 'depth': 0.6284}, seed=3, **FULL), result({'semseg': 1.0})):
        assert Result.read(record.write(tmp_path / 'deep' / 'results.json')) == record


def test_written_file_is_plain_json_and_nothing_else_is_left(tmp_path):
    path = result({'semseg': 36.35}, **FULL).write(tmp_path / 'results.json')
    data = json.loads(path.read_text())
    assert data['schema_version'] == SCHEMA_VERSION
    assert data['metrics'] == {'semseg': {'mIoU': {'value': 36.35, 'unit': '%', 'higher_is_better': True}}}
    assert data['input_size'] == [425, 560]
    assert data['primary'] == {'semseg': ['mIoU']}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('value', [math.nan, math.inf, np.float32('nan')])
def test_what_is_not_finite_is_null(tmp_path, value):
    path = result({'semseg': value}).write(tmp_path / 'results.json')
    assert json.loads(path.read_text())['metrics']['semseg']['mIoU']['value'] is None
    assert math.isnan(Result.read(path).metrics['semseg']['mIoU'].value)


def test_numpy_scalars_are_written(tmp_path):
    path = result({'semseg': np.float32(0.5)}).write(tmp_path / 'results.json')
    assert json.loads(path.read_text())['metrics']['semseg']['mIoU']['value'] == 0.5


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = result({'semseg': 1.0}).write(tmp_path / 'results.json')
    before = path.read_text()
    broken = result({'semseg': 2.0}, versions={'torch': object()})
    with pytest.raises(TypeError):
        broken.write(path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('keep', [0, 1, 40, 300])
def test_half_written_file_is_named(tmp_path, keep):
    path = result({'semseg': 1.0}).write(tmp_path / 'results.json')
    path.write_text(path.read_text()[:keep])
    with pytest.raises(ValueError, match='not complete JSON') as error:
        Result.read(path)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


def test_missing_file():
    with pytest.raises(FileNotFoundError, match='no such results file'):
        Result.read('nowhere/results.json')


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'schema_version': SCHEMA_VERSION + 1}, f'schema version {SCHEMA_VERSION + 1} is not .*; update mtkd'),
        ({'schema_version': SCHEMA_VERSION - 1}, f'schema version {SCHEMA_VERSION - 1} is not .*; test again'),
        ({'schema_version': '1'}, "schema version '1' is not"),
        ({'schema_version': None}, 'no schema version, so it was not written by tools/test.py'),
        ({'seed': 'three'}, "'seed' must be an integer"),
        ({'seed': True}, "'seed' must be an integer"),
        ({'tasks': 'semseg'}, "'tasks' must be a list of strings"),
        ({'params': '4.5M'}, "'params' must be an integer"),
        ({'input_size': [425]}, "'input_size' must be a list of two integers"),
        ({'suite': None}, "'suite' must be a string"),
        ({'metrics': []}, "'metrics' must be an object"),
        ({'metrics': {'semseg': {'mIoU': 36.35}}}, 'semseg/mIoU must be an object'),
        ({'metrics': {'semseg': {'mIoU': {'value': 'a', 'unit': '%', 'higher_is_better': True}}}}, 'number or null'),
        ({'metrics': {'semseg': {'mIoU': {'value': 1, 'unit': '%', 'higher_is_better': 1}}}}, 'true or false'),
        ({'metrics': {}}, 'tasks are'),
        ({'primary': {}}, "no metric for task 'semseg'"),
        ({'primary': {'semseg': 'IoU'}}, "names the metric 'IoU'"),
        ({'role': 'teacher'}, 'role is'),
    ],
)
def test_unusable_files_are_refused_in_one_sentence(tmp_path, change, sentence):
    path = result({'semseg': 1.0}).write(tmp_path / 'results.json')
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=sentence) as error:
        Result.read(path)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('key', ['suite', 'seed', 'metrics', 'primary', 'backbone', 'role', 'config_sha256'])
def test_missing_keys_are_named(tmp_path, key):
    path = result({'semseg': 1.0}).write(tmp_path / 'results.json')
    data = json.loads(path.read_text())
    del data[key]
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match=f'key {key!r} is missing'):
        Result.read(path)


def test_optional_keys_may_be_missing_or_null(tmp_path):
    record = result({'semseg': 1.0})
    path = record.write(tmp_path / 'results.json')
    data = {key: value for key, value in json.loads(path.read_text()).items() if value not in (None, [], {})}
    path.write_text(json.dumps({**data, 'teachers': None, 'versions': None, 'params': None, 'added_later': 1}))
    assert Result.read(path) == record


def test_a_single_task_result_has_one_task():
    with pytest.raises(ValueError, match='exactly one task'):
        result({'semseg': 1.0, 'depth': 1.0}, role='single_task')


def test_primary_takes_one_name_or_several():
    metrics = {'semseg': {'mIoU': Metric(1.0, '%', True), 'pixAcc': Metric(2.0, '%', True)}}
    assert result({'semseg': 1.0}, metrics=metrics).primary == {'semseg': ['mIoU']}
    several = result({'semseg': 1.0}, metrics=metrics, primary={'semseg': ('mIoU', 'pixAcc')})
    assert several.primary == {'semseg': ['mIoU', 'pixAcc']}


@pytest.mark.parametrize(('key', 'value', 'words'), [
    ('seed', -1, "'seed' is -1, which is impossible"), ('params', -5, "'params' is -5"),
    ('params', 10 ** 400, 'about 401 digits'),
    ('macs', 10 ** 30, "'macs'"), ('images_per_second', float('inf'), "'images_per_second' is inf"),
    ('images_per_second', float('nan'), "'images_per_second' is nan"), ('input_size', [0, 96], "'input_size' is"),
    ('input_size', [64, 10 ** 9], "'input_size' is"), ('peak_memory_bytes', -1, "'peak_memory_bytes'"),
    ('fold', -2, "'fold'")])
def test_absurd_numbers_are_refused(key, value, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        Result.from_json({**result({'semseg': 36.35}, **FULL).to_json(), key: value})


@pytest.mark.parametrize('value', [1e300, -1e13, float('inf'), 10 ** 400])
def test_absurd_metrics_are_refused(value):
    data = result({'semseg': 36.35}, **FULL).to_json()
    task = data['tasks'][0]
    data['metrics'][task][next(iter(data['metrics'][task]))]['value'] = value
    with pytest.raises(ValueError, match=f'the value of metric {task}/.* impossible; test again'):
        Result.from_json(data)
