"""Trackers by name: the data that each has of a run, also of one that was interrupted and resumed. Offline; skipped without
the packages.
"""

import json

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from mtkd.engine.config import load_config, prepare
from mtkd.engine.run import Job, train
from mtkd.engine.trackers import BACKENDS, IDS, MLflowRun, add_trackers, begin_at
from tests.engine.toy import write_config


@pytest.fixture
def resumed(tmp_path, monkeypatch):
    """Train four iterations with a tracker, lose the last two, and resume; returns the work dir."""
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))

    def run(name):
        config = str(write_config(tmp_path, iters=4))
        folder = train(Job(config, log=(name,)))
        first = json.loads((folder / IDS).read_text())
        for lost in ('iter_4.pth', 'final.pth'):
            (folder / lost).unlink()
        train(Job(config, log=(name,), resume=True))
        assert json.loads((folder / IDS).read_text()) == first, 'the same run'
        assert (folder / 'final.pth').is_file()
        return folder, first[name]
    return run


def test_mlflow(resumed):
    mlflow = pytest.importorskip('mlflow', reason='mlflow is not installed')
    folder, run = resumed('mlflow')
    client = mlflow.MlflowClient(f'sqlite:///{folder / "mlflow.db"}')
    experiment = client.get_experiment_by_name('mtkd')
    found, = client.search_runs([experiment.experiment_id])
    assert found.info.run_id == run and found.info.status == 'FINISHED' and found.info.run_name.endswith('seed0')
    assert [point.step for point in client.get_metric_history(run, 'loss')] == [2, 4], 'each iteration once'
    assert found.data.params['method'] == 'MT' and 'depth/l1' in found.data.metrics


def test_wandb(resumed, monkeypatch):
    pytest.importorskip('wandb', reason='wandb is not installed')
    monkeypatch.setenv('WANDB_MODE', 'offline')
    monkeypatch.setenv('WANDB_SILENT', 'true')
    folder, run = resumed('wandb')
    written = sorted((folder / 'vis_data' / 'wandb').glob('offline-run-*'))
    assert len(written) == 2 and all(path.name.endswith(f'-{run}') for path in written), 'wandb sync joins them by the id'
    assert all(list(path.glob('*.wandb')) for path in written)


def points(folder, name):
    """The iterations for which TensorBoard shows a value."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    shown = EventAccumulator(str(folder))
    shown.Reload()
    return [event.step for event in shown.Scalars(name)]


def start(folder, first, steps, validated=()):
    """A training that begins at an iteration, logs a loss at some iterations, is validated at others, and is killed."""
    with DefaultScope.overwrite_default_scope('mtkd'):
        visualizer = Visualizer(save_dir=str(folder), vis_backends=[{'type': 'LocalVisBackend'},
                                                                    {'type': 'TensorboardVisBackend'}])
    visualizer.add_config(Config({'a': 1}))
    begin_at(visualizer, first)
    for step in sorted({*steps, *validated}):
        for name in (['loss'] if step in steps and step != first else []) + (['depth/rmse'] if step in validated else []):
            visualizer.add_scalars({name: step / 2}, step=step)
    visualizer.close()
    return folder / 'vis_data'


def test_tensorboard_shows_a_resumed_run_once(tmp_path):
    pytest.importorskip('tensorboard', reason='TensorBoard is not installed')
    folder = start(tmp_path, 0, [2, 4, 6, 8], [4, 8])
    start(tmp_path, 4, [6, 8, 10], [4, 8])  # the checkpoint of 4 was the last; its validation is repeated
    assert points(folder, 'loss') == [2, 4, 6, 8, 10] and points(folder, 'depth/rmse') == [4, 8]
    start(tmp_path, 10, [12], [10, 12])  # killed between the checkpoint and the validation of 10
    assert points(folder, 'loss') == [2, 4, 6, 8, 10, 12] and points(folder, 'depth/rmse') == [4, 8, 10, 12]
    start(tmp_path, 0, [2, 4])  # resumed without a checkpoint
    assert points(folder, 'loss') == [2, 4]


def test_tensorboard_of_a_training_that_is_resumed(tmp_path, monkeypatch):
    pytest.importorskip('tensorboard', reason='TensorBoard is not installed')
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    config = str(write_config(tmp_path, iters=4, val_interval=2))
    folder = train(Job(config, log=('tensorboard',)))
    for lost in ('iter_4.pth', 'final.pth'):
        (folder / lost).unlink()
    train(Job(config, log=('tensorboard',), resume=True))
    assert points(folder / 'vis_data', 'loss') == [2, 4] == points(folder / 'vis_data', 'depth/rmse')


def test_a_fresh_run_begins_anew(tmp_path):
    (tmp_path / IDS).write_text('{"wandb": "old"}')
    from mtkd.engine.work_dir import clear
    clear(tmp_path)
    assert not (tmp_path / IDS).exists()


def test_a_damaged_file_of_ids(tmp_path):
    (tmp_path / IDS).write_text('{"mlfl')
    with pytest.raises(ValueError, match='is damaged: remove it'):
        MLflowRun(str(tmp_path), 'a', str(tmp_path / IDS))._init_env()


def test_backends_are_added_once(tmp_path):
    cfg = load_config(write_config(tmp_path))
    prepared = prepare(cfg, work_dir=tmp_path / 'toy' / 'seed0', seed=0, data_root=tmp_path,
                       trackers=('tensorboard', 'mlflow', 'aim'))
    types = [backend['type'] for backend in prepared.visualizer.vis_backends]
    assert types == ['LocalVisBackend', 'TensorboardVisBackend', 'MLflowRun', 'AimVisBackend']
    assert prepared.visualizer.vis_backends[2]['run'] == 'toy/seed0'
    add_trackers(prepared, ('tensorboard',), tmp_path)
    assert len(prepared.visualizer.vis_backends) == 4
    tested = prepare(cfg, work_dir=tmp_path, seed=0, data_root=tmp_path, training=False, trackers=('mlflow',))
    assert 'MLflowRun' not in [backend['type'] for backend in tested.visualizer.vis_backends]


def test_every_name_has_a_backend():
    from mtkd.cli.options import TRACKERS
    from mtkd.registry import VISBACKENDS
    assert tuple(BACKENDS) == TRACKERS and all(VISBACKENDS.get(name) for name in BACKENDS.values())
