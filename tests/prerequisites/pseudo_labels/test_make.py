"""Making pseudo-labels: which samples get one, resuming after a kill, reusing valid files, messages."""

import csv

import numpy as np
import pytest
import torch

from mtkd.datasets.transforms import Pad, PhotoMetricDistortion, RandomHFlip
from mtkd.distill import MultiTaskTeacher
from mtkd.distill.pseudo_label import view
from mtkd.engine.config import load_config
from mtkd.engine.run import Job, train
from mtkd.prerequisites.pseudo_labels import make as pseudo_make
from mtkd.prerequisites.pseudo_labels.file import Header, PseudoFile, Rules, SoftLabels
from mtkd.prerequisites.pseudo_labels.make import Progress, make_pseudo_labels, steady_transforms, tally
from mtkd.prerequisites.pseudo_labels.stage import stage_of
from tests.prerequisites.pseudo_toy import ToyFaces, write_config, write_pair


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """The config of a student with a trained teacher."""
    folder = tmp_path_factory.mktemp('make')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('MTKD_WORK_DIRS', str(folder / 'work_dirs'))
        student, teacher = write_pair(folder)
        train(Job(str(teacher)))
        yield student


def make(config, folder, **options):
    """(files, printed lines)."""
    cfg, said = load_config(config), []
    cfg.pseudo_labels.update(folder=str(folder), batch_size=4)
    paths = make_pseudo_labels(cfg, 0, folder, say=said.append, **options)
    return [PseudoFile.read(path) for path in paths], said


def test_every_missing_label_gets_one_and_no_other(trained, tmp_path):
    (one, two, none), said = make(trained, tmp_path)
    assert {task: len(labels.index) for task, labels in one.labels.items()} == {'shade': 0, 'hue': 20, 'age': 0}
    assert {task: len(labels.index) for task, labels in two.labels.items()} == {'shade': 12, 'hue': 0, 'age': 12}
    assert list(none.labels) == ['shade', 'hue', 'age']
    assert all(list(labels.index) == list(range(10)) for labels in none.labels.values())
    assert none.header.tasks == {'shade': 2, 'hue': 3, 'age': 12}
    assert none.header.classes == {'hue': ['red', 'green', 'blue']}
    assert (none.header.data_set, none.header.split, none.sample_ids[0]) == ('none', 'train', 's200')
    for labels in none.labels.values():
        np.testing.assert_allclose(labels.probs.astype(np.float32).sum(1), 1, atol=5e-3)
        np.testing.assert_allclose(labels.confidence, labels.probs.max(1), atol=1e-3)
    assert any('none train: 10 of 10 samples' in line and 's left' in line for line in said)
    assert any(line.startswith('none train, hue: ') and 'of 10 kept' in line for line in said)


def test_the_labels_are_the_teacher_s_mean_over_views(trained, tmp_path):
    (_, _, none), _ = make(trained, tmp_path)
    stage = stage_of(load_config(trained), 0)
    teacher = MultiTaskTeacher(**stage.teacher, checkpoint=stage.checkpoint)
    dataset = ToyFaces({'hue': 'class_label'}, first=200, length=10)
    image = torch.from_numpy(np.stack([dataset.load(i)['image'] for i in range(10)]).transpose(0, 3, 1, 2).copy())
    probs = [teacher(view(image, name))['hue.out'].softmax(1) for name in stage.transforms]
    np.testing.assert_allclose(none.labels['hue'].probs, torch.stack(probs).mean(0).numpy(), atol=2e-3)


def test_a_stopped_run_goes_on_where_it_was(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(pseudo_make, 'CHUNK', 8)
    whole, _ = make(trained, tmp_path / 'whole')
    calls = {'left': 3, 'seen': 0}
    real = pseudo_make.soft_labels

    def stopping(teacher, image, *rest):
        calls['left'] -= 1
        calls['seen'] += len(image)
        if calls['left'] < 0:
            raise KeyboardInterrupt
        return real(teacher, image, *rest)

    monkeypatch.setattr(pseudo_make, 'soft_labels', stopping)
    with pytest.raises(KeyboardInterrupt):
        make(trained, tmp_path / 'cut')
    assert not list((tmp_path / 'cut').glob('*.npz')) and len(list((tmp_path / 'cut').glob('*.parts/0*.npz'))) == 1
    calls.update(left=100, seen=0)
    resumed, said = make(trained, tmp_path / 'cut')
    assert any('1 of 3 chunks exist already' in line for line in said)
    assert calls['seen'] == 20 + 12 + 10 - 8, 'existing files are not made again'
    assert not list((tmp_path / 'cut').glob('*.parts'))
    for a, b in zip(whole, resumed, strict=True):
        assert a.header == b.header
        for task in a.labels:
            for name in ('index', 'probs', 'confidence'):
                np.testing.assert_array_equal(getattr(a.labels[task], name), getattr(b.labels[task], name))


def test_unfinished_work_of_another_teacher_is_thrown_away(trained, tmp_path):
    parts = tmp_path / 'one-train.parts'
    parts.mkdir()
    (parts / 'header.json').write_text('{}')
    (parts / '000000000.npz').write_bytes(b'of another teacher')
    _, said = make(trained, tmp_path)
    assert not any('from before' in line for line in said)


def test_what_fits_is_kept_and_what_does_not_is_made_again(trained, tmp_path, monkeypatch):
    make(trained, tmp_path)
    stamp = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob('*.npz')}
    monkeypatch.setattr(pseudo_make, '_build_teacher', lambda stage: pytest.fail('no teacher is needed'))
    make(trained, tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob('*.npz')} == stamp
    monkeypatch.undo()
    (tmp_path / 'one-train.npz').write_bytes(b'damaged')
    cfg = load_config(trained)
    cfg.pseudo_labels.update(folder=str(tmp_path), transforms=['identity'])
    said: list[str] = []
    make_pseudo_labels(cfg, 0, tmp_path, say=said.append)
    again = [line for line in said if 'is created again' in line]
    assert len(again) == 3 and 'damaged' in again[0] and 'they average identity, hflip' in again[1]


def test_csv(trained, tmp_path):
    make(trained, tmp_path, as_csv=True)
    rows = list(csv.DictReader((tmp_path / 'two-train.csv').open()))
    assert len(rows) == 24 and {row['task'] for row in rows} == {'shade', 'age'} and rows[0]['sample_id'] == 's100'
    assert len(list(csv.DictReader((tmp_path / 'none-train.csv').open()))) == 30


def test_a_picture_that_cannot_be_read_gets_none(trained, tmp_path, monkeypatch):
    def unreadable(self):
        return torch.arange(self.length) == 3 if self.name == 'none' else None

    monkeypatch.setattr(ToyFaces, 'unreadable', property(unreadable), raising=False)
    (_, _, none), _ = make(trained, tmp_path)
    assert 3 not in none.labels['hue'].index and len(none.labels['hue'].index) == 9


def test_augmentation_is_left_out():
    dataset = ToyFaces(pipeline=[RandomHFlip(), Pad(size=(40, 40)), PhotoMetricDistortion()])
    assert [type(t) for t in steady_transforms(dataset)] == [Pad]


def test_tally_counts_classes_or_tens():
    confidence = np.array([.9, .9, .2], np.float32)
    few = SoftLabels(np.arange(3), np.eye(3, dtype=np.float16), confidence)
    many = SoftLabels(np.arange(3), np.eye(101, dtype=np.float16)[[5, 17, 80]], confidence)
    header = Header('faces', 'train', '', 't', 'w', [], 'float32', {'race': 3, 'age': 101}, {'race': ['x', 'y', 'z']})
    lines = list(tally(PseudoFile(header, np.array(list('abc')), {'race': few, 'age': many}), Rules(tau=0.5)))
    assert lines == ['faces train, race: 2 of 3 kept (x 1, y 1, z 0)', 'faces train, age: 2 of 3 kept (0-9 1, 10-19 1)']


def test_progress_ends_with_the_total():
    said: list[str] = []
    progress = Progress('x', 10, said.append, every=1e9)
    progress.add(4)
    progress.add(6)
    assert len(said) == 1 and said[0].startswith('x: 10 of 10 samples') and said[0].endswith('0 s left')


def test_a_config_without_any(tmp_path):
    assert make_pseudo_labels(load_config(write_config(tmp_path, 'plain')), 0, tmp_path) == []
