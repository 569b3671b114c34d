"""The demo's order of runs, time limit, threads, verdict and figure; make demo itself is run by hand."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from mtkd.engine.config import check_option, load_config
from mtkd.engine.run import Job
from mtkd.models import build_net
from mtkd.studies import demo
from mtkd.tasks import build_tasks


@pytest.fixture
def done(monkeypatch) -> list[str]:
    """Runs are recorded, not executed."""
    order: list[str] = []

    def train(job: Job) -> Path:
        for key in job.options:
            check_option(load_config(job.config), key)
        order.append(f'{Path(job.config).stem} {job.seed}')
        return job.folder

    monkeypatch.setattr(demo, 'train', train)
    monkeypatch.setattr(demo, 'test', lambda job, checkpoint: SimpleNamespace())
    return order


def test_teacher_first_then_the_students_seed_by_seed(done, tmp_path):
    reported = []
    outcome = demo.run(tmp_path, 2, 1e9, lambda job, facts, out: reported.append((out, dict(job.options))))
    assert done == ['few_labels_teacher 0', 'few_labels_student 0', 'few_labels_taught 0', 'few_labels_student 1',
                    'few_labels_taught 1']
    assert outcome.seeds == 2 and outcome.folders[demo.TAUGHT] == tmp_path / 'few_labels_taught/seed0'
    checkpoints = [options.get('model.distiller.teachers.resnet18.checkpoint') for _, options in reported]
    assert checkpoints == [None, None, str(tmp_path / 'few_labels_teacher/seed0/final.pth'), None, checkpoints[2]]


def test_one_seed_is_always_run_and_no_more_after_the_time(done, tmp_path):
    assert demo.run(tmp_path, 3, 0.0, lambda *_: None).seeds == 1 and done[-1] == 'few_labels_taught 0'


def test_both_students_see_as_many_scenes_in_as_many_steps():
    alone, taught = (load_config(f'configs/quickstart/{name}.py') for name in (demo.ALONE, demo.TAUGHT))
    for key in ('train_cfg', 'optim_wrapper', 'tasks', 'data_set'):
        assert alone[key] == taught[key]
    assert alone.train_dataloader.batch_size == taught.train_dataloader.batch_size == 8
    assert alone.train_dataloader.dataset == taught.train_dataloader.dataset
    assert round(alone.train_dataloader.dataset.keep_labels.share * 512) == 8 and '8 of the 512' in demo.WHY


@pytest.mark.parametrize('load, threads', [(0.0, 4), (1.4, 3), (2.6, 1), (9.0, 1)])
def test_threads_are_what_is_free(monkeypatch, load, threads):
    monkeypatch.setattr('os.sched_getaffinity', lambda pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr('os.getloadavg', lambda: (load, 9.0, 9.0), raising=False)
    assert demo.free_threads() == threads


def test_the_verdict_counts_seeds_and_tasks():
    def row(method, values):
        runs = [SimpleNamespace(seed=seed, metrics={('a', 'up'): up, ('b', 'down'): down})
                for seed, (up, down) in enumerate(values)]
        return SimpleNamespace(method=method, runs=runs)
    columns = [SimpleNamespace(key=('a', 'up'), higher_is_better=True, shown=True),
               SimpleNamespace(key=('b', 'down'), higher_is_better=False, shown=True),
               SimpleNamespace(key=('c', 'other'), higher_is_better=True, shown=False)]
    board = SimpleNamespace(columns=columns, measured=[row('student alone', [(1, 1), (1, 1), (5, 5)]),
                                                       row('student taught', [(2, 2), (2, 0.5)])])
    assert '3 of 4 comparisons' in demo.verdict(board)


def test_the_picture_has_a_row_a_network_and_a_legend(tmp_path, monkeypatch):
    texts: list[str] = []
    figure = demo._figure

    def kept(*args):
        made = figure(*args)
        texts.extend(text.get_text() for text in made.findobj(lambda part: hasattr(part, 'get_text')))
        return made
    monkeypatch.setattr(demo, '_figure', kept)
    folders = {}
    for name in demo.TITLES:
        cfg = load_config(f'configs/quickstart/{name}.py')
        net = build_net(cfg.model.net, {task: part.out_channels for task, part in build_tasks(cfg.tasks).items()})
        folders[name] = tmp_path / name
        folders[name].mkdir()
        torch.save({'state_dict': net.state_dict(), 'meta': {}}, folders[name] / 'final.pth')
    drawn = cv2.imread(str(demo.picture(tmp_path, folders)))
    assert drawn.shape[1] > 900 and drawn.shape[0] > 900 and len(np.unique(drawn)) > 50
    for wanted in ('student alone', 'student taught', 'teacher', 'labels', 'depth (m)', 'm', 'sofa', 'person',
                   'edges (probability)', 'surface normals'):
        assert wanted in texts
    assert texts.count('teacher') == len(demo.SCENES)
