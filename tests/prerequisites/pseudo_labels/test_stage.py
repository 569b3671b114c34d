"""The pseudo_labels that a config requests, and those that the training reads."""

import json
from pathlib import Path

import pytest
import torch

from mtkd.engine.checkpoint import FINAL, load
from mtkd.engine.config import load_config, prepare
from mtkd.engine.prerequisite import MissingPrerequisite, teacher_names
from mtkd.engine.run import Job, train
from mtkd.engine.run import test as score
from mtkd.prerequisites.earlier_runs import earlier_runs
from mtkd.prerequisites.pseudo_labels.make import make_pseudo_labels
from mtkd.prerequisites.pseudo_labels.stage import stage_of, use_pseudo_labels
from mtkd.registry import DATASETS
from tests.prerequisites.pseudo_toy import write_config, write_pair

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope='module')
def work(tmp_path_factory):
    """A folder with a trained teacher, and a student's config."""
    folder = tmp_path_factory.mktemp('pseudo')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('MTKD_WORK_DIRS', str(folder / 'work_dirs'))
        student, teacher = write_pair(folder)
        train(Job(str(teacher)))
        yield folder, student, teacher


def changed(work, **options):
    cfg = load_config(work[1])
    for key, value in options.items():
        cfg.pseudo_labels[key] = value
    return cfg


def test_the_defaults_are_the_fact_sheet_s(work):
    cfg = load_config(work[1])
    cfg.pseudo_labels = {'teacher': cfg.pseudo_labels.teacher}
    stage = stage_of(cfg, seed=3)
    assert (stage.tau, stage.top_p, stage.lambda_u, stage.hard) == (0.7, None, 1.0, True)
    assert stage.transforms == ['identity', 'hflip', 'scale:0.9', 'scale:1.1'] and stage.precision == 'float32'
    assert stage.tasks == {'shade': 2, 'hue': 3, 'age': 12}
    assert stage.folder == work[0] / 'work_dirs/teacher/seed0/pseudo' and stage.command.endswith('student.py --seed 3')
    assert len(stage.weights) == 64 and stage_of(load_config(work[2]), 0) is None


@pytest.mark.parametrize(('options', 'words'), [
    ({'lamda_u': 2.0}, 'it has lamda_u'), ({'teacher': {'type': 'x'}}, "needs teacher=dict\\(config='configs/"),
    ({'top_p': 0.2}, 'not both'), ({'tau': {'shade': 0.7}}, "give task 'hue' either tau or top_p"),
    ({'transforms': ['flip']}, "'flip' is unknown"), ({'lambda_u': -1}, 'lambda_u=-1.0 must be 0 or more'),
    ({'tasks': ['race']}, "names 'race'; the student's image-level tasks are shade, hue, age")])
def test_a_mistake_is_one_sentence(work, options, words):
    with pytest.raises(ValueError, match=words) as error:
        stage_of(changed(work, **options), seed=0)
    assert '\n' not in str(error.value)


def test_a_teacher_of_other_tasks(work, tmp_path):
    for tasks, words in (("dict(shade=dict(type='Classification', num_classes=2))", "has no task 'hue': list in"),
                         ("dict(shade=dict(type='Classification', num_classes=5), hue=dict(type='Classification', "
                          "num_classes=3), age=dict(type='Age', num_bins=12))", "'shade' has 5 classes in the teacher")):
        other = write_config(tmp_path, 'other', tasks=tasks)
        with pytest.raises(ValueError, match=words):
            stage_of(changed(work, teacher={'config': str(other), 'checkpoint': str(work[0] / 'student.py')}), seed=0)


def test_the_teacher_is_a_prerequisite(work, tmp_path, monkeypatch):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path))
    cfg = load_config(work[1])
    assert [(p.name, p.checkpoint) for p in earlier_runs(cfg, 0)] == [('pseudo_labels', None)]
    assert teacher_names(cfg) == ('pseudo_labels',)
    with pytest.raises(MissingPrerequisite, match=r"train it with: mtkd train .*pseudo_labels\.teacher"):
        Job(str(work[1])).prepared()


def test_options_reach_the_teacher_of_the_labels(work):
    cfg = load_config(work[1], {'teachers.pseudo_labels.train_cfg.max_iters': 1})
    needed, = earlier_runs(cfg, 0)
    assert needed.load().train_cfg.max_iters == 1 and needed.checkpoint is None
    assert 'options' not in stage_of(cfg, 0, random=True).teacher
    with pytest.raises(MissingPrerequisite, match=r'train it with: mtkd train .*--cfg-options train_cfg\.max_iters=1'):
        stage_of(cfg, 0)


def test_they_become_a_teacher_and_links(work):
    cfg = prepare(changed(work, lambda_u=0.5, hard=False), work_dir='w', seed=0, data_root='d')
    ready = use_pseudo_labels(cfg, seed=0)
    assert cfg.model.get('distiller') is None and cfg.train_dataloader.dataset.type == 'MultiDataset'
    assert ready.train_dataloader.dataset.type == 'PseudoLabelled'
    assert ready.train_dataloader.dataset.dataset.type == 'MultiDataset'
    links = ready.model.distiller.links
    assert [link.task for link in links] == ['shade', 'hue', 'age']
    assert {(link.weight, link.loss.hard, link.where) for link in links} == {(0.5, False, 'unlabelled')}


def test_beside_other_links(work):
    cfg = prepare(load_config(work[1]), work_dir='w', seed=0, data_root='d')
    link = {'task': 'hue', 'loss': {'type': 'PlainKD'}, 'teacher': 'big:hue.out'}
    cfg.model.distiller = {'weight': 4.0, 'teachers': {'big': {}}, 'links': [link]}
    ready = use_pseudo_labels(cfg, 0).model.distiller
    assert [link.weight for link in ready.links[1:]] == [0.25] * 3, 'the weight of the distiller does not affect them'
    assert list(ready.teachers) == ['big', 'pseudo']
    cfg.model.distiller.links = {'each_task': link}
    with pytest.raises(ValueError, match='links as a list'):
        use_pseudo_labels(cfg, 0)


def test_training_without_the_files_names_the_command(work):
    with pytest.raises(FileNotFoundError, match=r"of one \('train'\) do not exist .* run mtkd pseudo-label"):
        train(Job(str(work[1]), work_dir=work[0] / 'early'))


def test_a_student_learns_from_them(work):
    folder = train(Job(str(work[1]), with_prerequisites=True))
    lines = [json.loads(line) for line in (folder / 'vis_data/scalars.json').read_text().splitlines()]
    steps = [line for line in lines if 'hue/pseudo' in line]
    assert len(steps) == 3 and all(line['shade/pseudo'] > 0 and line['age/pseudo'] > 0 for line in steps)
    for line in steps:
        terms = sum(value for key, value in line.items() if '/' in key)
        assert line['loss'] == pytest.approx(terms, rel=1e-5)
    student, teacher = (load(work[0] / f'work_dirs/{name}/seed0' / FINAL)['state_dict'] for name in ('student', 'teacher'))
    assert set(student) == set(teacher) and not all(torch.equal(student[key], teacher[key]) for key in student)
    facts = score(Job(str(work[1])), folder / FINAL)
    assert facts.teachers == ('pseudo_labels',)


def test_a_retrained_teacher_makes_them_stale(work, tmp_path):
    make_pseudo_labels(load_config(work[1]), 0, tmp_path, say=lambda _: None)
    cfg = changed(work, folder=str(work[0] / 'work_dirs/teacher/seed0/pseudo'))
    final = load(work[0] / 'work_dirs/teacher/seed0' / FINAL)
    key = next(iter(final['state_dict']))
    final['state_dict'][key] = final['state_dict'][key] + 1
    torch.save(final, tmp_path / 'other.pth')
    cfg.pseudo_labels.teacher.checkpoint = str(tmp_path / 'other.pth')
    ready = use_pseudo_labels(prepare(cfg, work_dir='w', seed=0, data_root=tmp_path), 0)
    with pytest.raises(ValueError, match='created by another teacher .* create them again with mtkd pseudo-label'):
        DATASETS.build(ready.train_dataloader.dataset)


def test_smoke_needs_no_teacher_and_no_files(work, tmp_path, monkeypatch):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'empty'))
    folder = train(Job(str(work[1]), work_dir=tmp_path / 'smoke', smoke=True))
    line = json.loads((folder / 'vis_data/scalars.json').read_text().splitlines()[0])
    assert {'shade/pseudo', 'hue/pseudo', 'age/pseudo'} <= set(line)


@pytest.mark.slow
def test_one_task_alone_from_nothing(work, tmp_path, monkeypatch):
    """A single task with data distillation, where teacher and student have the same task; one command runs all stages."""
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    tasks = "dict(hue=dict(type='Classification', num_classes=3))"
    teacher = write_config(tmp_path, 'st_teacher', tasks=tasks, iters=1)
    student = write_config(tmp_path, 'st_student', tasks=tasks, iters=1,
                           more=f'pseudo_labels = dict(teacher=dict(config={str(teacher)!r}), tau=.2)')
    for path in (teacher, student):
        path.write_text(path.read_text().replace("keep=('shade', 'age')", 'keep=()'))
    folder = train(Job(str(student), with_prerequisites=True))
    line = json.loads((folder / 'vis_data/scalars.json').read_text().splitlines()[0])
    assert {key for key in line if '/' in key} == {'hue/ce', 'hue/pseudo'} and line['hue/pseudo'] > 0
