"""Training teachers before students."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mtkd.deploy.student import load_student
from mtkd.engine.checkpoint import FINAL, load, meta_of, write_atomically
from mtkd.engine.config import load_config, prepare
from mtkd.engine.identity import config_differences
from mtkd.engine.prerequisite import MissingPrerequisite, teacher_names
from mtkd.engine.run import Job, train
from mtkd.models.genotype import GENOTYPE_FILE, find_genotype, write_genotype
from mtkd.prerequisites.earlier_runs import as_teacher, earlier_runs, resolve_experts, resolve_teachers
from mtkd.registry import MODELS
from tests.engine.hooks.test_context_search import write_search
from tests.engine.toy import write_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pair(tmp_path, monkeypatch) -> tuple[Path, Path]:
    """(student's config, teacher's config), with work dirs inside tmp_path."""
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    teacher = write_config(tmp_path, 'big', iters=2, method='teacher')
    return write_config(tmp_path, 'small', iters=2, teacher=teacher, method='KDAM'), teacher


def test_a_missing_teacher_names_the_command(pair):
    cfg = load_config(pair[0])
    with pytest.raises(MissingPrerequisite, match=r"teacher 'big' .*train it with: mtkd train .*big\.py"):
        resolve_teachers(cfg, seed=1)
    assert [(p.name, p.checkpoint) for p in earlier_runs(cfg, seed=1)] == [('big', None)]


def test_the_same_seed_comes_first_then_seed_0(pair, tmp_path):
    cfg = load_config(pair[0])
    for seed in (0, 1):
        folder = tmp_path / 'work_dirs' / 'big' / f'seed{seed}'
        folder.mkdir(parents=True)
        write_atomically({'state_dict': {}}, folder / FINAL)
    assert [earlier_runs(cfg, seed)[0].checkpoint.parent.name for seed in (0, 1, 2)] == ['seed0', 'seed1', 'seed0']


def test_a_named_checkpoint_that_is_not_there(pair):
    cfg = load_config(pair[0], {'model.distiller.teachers.big.checkpoint': 'gone.pth'})
    with pytest.raises(MissingPrerequisite, match=r'gone\.pth does not exist'):
        resolve_teachers(cfg, seed=0)


def test_a_teacher_set_to_none_is_taken_out(pair):
    cfg = load_config(pair[0], {'model.distiller.teachers.big': None})
    assert earlier_runs(cfg, seed=0) == [] and teacher_names(cfg) == ()
    with pytest.raises(ValueError, match='there are none'):
        MODELS.build(prepare(resolve_teachers(cfg, seed=0), work_dir=pair[0].parent, seed=0, data_root=None).model)


def test_a_teacher_with_random_weights_is_never_pretrained():
    cfg = resolve_teachers(load_config('configs/kdam/swinT_from_swinL_nyud.py'), 0, random=True)
    teacher = cfg.model.distiller.teachers.swinL
    assert teacher.allow_random and teacher.checkpoint is None and not teacher.net.backbone.pretrained
    assert teacher.type == 'MultiTaskTeacher' and set(teacher.tasks) == {'semseg', 'depth', 'normals', 'edge'}


def test_a_teacher_of_frames_is_never_pretrained():
    own = load_config('configs/mlfd/action_ucf101.py', {'model.net.trunk.backbone.pretrained': True})
    assert not as_teacher(own)['net'].trunk.backbone.pretrained and own.model.net.trunk.backbone.pretrained


def test_with_prerequisites_trains_the_teacher_first(pair, tmp_path):
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    done = subprocess.run([sys.executable, str(ROOT / 'tools/train.py'), str(pair[0]), '--with-prerequisites'],
                          capture_output=True, text=True, env=environment, timeout=400)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "teacher 'big' is missing; training it first" in done.stdout
    student = load(tmp_path / 'work_dirs/small/seed0' / FINAL)
    teacher = load(tmp_path / 'work_dirs/big/seed0' / FINAL)
    assert set(student['state_dict']) == set(teacher['state_dict']), 'a checkpoint only contains the student'
    log = (tmp_path / 'work_dirs/small/seed0/vis_data/scalars.json').read_text()
    assert 'semseg/cs_inter' in log and 'depth/cs_intra' in log


def test_the_teacher_does_not_change_in_training(pair, tmp_path):
    train(Job(str(pair[1])))
    before = load(tmp_path / 'work_dirs/big/seed0' / FINAL)['state_dict']
    job = Job(str(pair[0]))
    from mmengine.runner import Runner
    runner = Runner.from_cfg(job.prepared())
    runner.train()
    held = runner.model.distiller.teachers['big'].net.state_dict()
    assert all(torch.equal(before[f'net.{key}'], value) for key, value in held.items())


def test_options_reach_the_teachers_config(pair):
    cfg = load_config(pair[0], {'teachers.big.train_cfg.max_iters': 1, 'teachers.big.model.net.head.channels': 4})
    needed, = earlier_runs(cfg, seed=0)
    assert needed.load().train_cfg.max_iters == 1 and cfg.train_cfg.max_iters == 2
    teacher = resolve_teachers(cfg, 0, random=True).model.distiller.teachers.big
    assert teacher.net.head.channels == 4 and not {'options', 'config'} & set(teacher)


def test_a_teacher_with_options_has_a_work_dir_of_its_own(pair, tmp_path):
    made(tmp_path, 'big', 0)
    plain, = earlier_runs(load_config(pair[0]), 0)
    changed, = earlier_runs(load_config(pair[0], {'teachers.big.train_cfg.max_iters': 1}), 0)
    assert plain.checkpoint is not None and changed.checkpoint is None, 'a teacher with other options is not used'
    assert changed.folder.parent.name.startswith('big+') and changed.folder.name == 'seed0'
    assert f'--work-dir {changed.folder} --cfg-options train_cfg.max_iters=1' in changed.command
    made(tmp_path, changed.folder.parent.name, 0)
    assert earlier_runs(load_config(pair[0], {'teachers.big.train_cfg.max_iters': 1}), 0)[0].checkpoint is not None
    assert earlier_runs(load_config(pair[0], {'teachers.big.train_cfg.max_iters': 3}), 0)[0].checkpoint is None


def test_options_in_a_config_are_those_of_the_command_line(pair):
    path = pair[0].with_name('with_options.py')
    path.write_text("_base_ = ['small.py']\nmodel = dict(distiller=dict(teachers=dict(big=dict(\n"
                    "    options={'train_cfg.max_iters': 1}))))\n")
    written, = earlier_runs(load_config(path), 0)
    given, = earlier_runs(load_config(pair[0], {'teachers.big.train_cfg.max_iters': 1}), 0)
    assert written.folder == given.folder
    both, = earlier_runs(load_config(path, {'teachers.big.train_cfg.val_interval': 1}), 0)
    assert both.options == {'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1}


@pytest.mark.parametrize(('key', 'words'), [
    ('teachers.big.train_cfg.max_itrs', r"--cfg-options teachers\.big\.train_cfg\.max_itrs: train_cfg has no 'max_itrs'; "
                                        r'nearest: max_iters'),
    ('teachers.big.trian_cfg', r"teachers\.big\.trian_cfg: .*big\.py has no 'trian_cfg'; nearest: train_cfg"),
    ('teachers.bgi.train_cfg.max_iters', "the config has no teacher 'bgi'; nearest: big"),
    ('teachers.big', r'write teachers\.big\.KEY=VALUE'),
    ('search.train_cfg.max_iters', 'the config has no search'),
    ('teacher.big.train_cfg.max_iters', "the config has no 'teacher'; nearest: teachers")])
def test_options_that_reach_nothing_are_refused(pair, key, words):
    with pytest.raises(ValueError, match=words):
        load_config(pair[0], {key: 1})


def test_options_beside_a_named_checkpoint_are_refused(pair):
    with pytest.raises(ValueError, match=r'is given explicitly \(w\.pth\)'):
        load_config(pair[0], {'model.distiller.teachers.big.checkpoint': 'w.pth', 'teachers.big.train_cfg.max_iters': 1})


def test_a_teacher_of_another_config_is_not_taken_in_silence(pair, tmp_path):
    """It was trained by hand with options that the student's config does not name."""
    train(Job(str(pair[1]), {'train_cfg.max_iters': 1}))
    said = (r"teacher 'big' of .*small\.py does not exist: .*final\.pth was created with another config: "
            r'train_cfg\.max_iters \(1 then, 2 now\)\. Give the options .*--cfg-options teachers\.big\.KEY=VALUE')
    cfg = load_config(pair[0])
    with pytest.raises(MissingPrerequisite, match=said):
        resolve_teachers(cfg, 0)
    with pytest.raises(MissingPrerequisite, match=said):
        train(Job(str(pair[0]), with_prerequisites=True))
    same, = earlier_runs(load_config(pair[0], {'teachers.big.train_cfg.max_iters': 1}), 0)
    assert same.checkpoint == tmp_path / 'work_dirs/big/seed0' / FINAL, 'a run with exactly these options'
    outright = load_config(pair[0], {'model.distiller.teachers.big.checkpoint': str(same.checkpoint)})
    assert resolve_teachers(outright, 0).model.distiller.teachers.big.checkpoint == str(same.checkpoint)
    for neutral in ({'train_dataloader.num_workers': 1}, {'train_cfg.val_interval': 1}):
        own = load_config(pair[1], {'train_cfg.max_iters': 1, **neutral})
        assert config_differences(meta_of(same.checkpoint), own.to_dict()) == []


def test_with_prerequisites_trains_a_teacher_with_its_options(pair, tmp_path, capfd):
    options = {'teachers.big.train_cfg.max_iters': 1}
    train(Job(str(pair[0]), options, with_prerequisites=True))
    teacher, = earlier_runs(load_config(pair[0], options), 0)
    assert load(teacher.checkpoint)['meta']['iter'] == 1 and teacher.checkpoint == teacher.folder / FINAL
    assert not (tmp_path / 'work_dirs/big').exists()
    capfd.readouterr()


JOINT = """
_base_ = ['big.py']
model = dict(_delete_=True, type='MultiTaskModel', data_preprocessor=dict(mean=(0, 0, 0), std=(1, 1, 1)), net=dict(
    trunk=dict(type='JointTrunk', experts=dict(first=dict(config='{folder}/big.py')), fuse='stride4', channels=(4,)),
    head=dict(type='LinearHead')))
"""
OF_JOINT = """
_base_ = ['big.py']
model = dict(distiller=dict(teachers=dict(joint=dict(config='{folder}/joint.py')), links=[]))
"""


def made(tmp_path: Path, stem: str, seed: int) -> None:
    """An existing checkpoint whose content is not read."""
    folder = tmp_path / 'work_dirs' / stem / f'seed{seed}'
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically({'state_dict': {}}, folder / FINAL)


def test_experts_inside_a_network_are_prerequisites(pair, tmp_path):
    for name, text in (('joint', JOINT), ('of_joint', OF_JOINT)):
        (tmp_path / f'{name}.py').write_text(text.replace('{folder}', str(tmp_path)))
    joint, student = (load_config(tmp_path / f'{name}.py') for name in ('joint', 'of_joint'))
    assert [p.name for p in earlier_runs(joint, seed=0)] == ['first']
    with pytest.raises(MissingPrerequisite, match=r"teacher 'first' .* model\.net\.trunk\.experts\.first\.checkpoint=FILE"):
        resolve_experts(joint, seed=0)
    for stem, seed in (('big', 0), ('big', 1), ('joint', 0)):
        made(tmp_path, stem, seed)
    nested = load_config(tmp_path / 'of_joint.py', {'teachers.joint.teachers.first.train_cfg.max_iters': 9})
    assert earlier_runs(nested, 0)[0].load().model.net.trunk.experts.first.options == {'train_cfg.max_iters': 9}
    expert = resolve_teachers(joint, seed=1).model.net.trunk.experts.first
    assert Path(expert.checkpoint).parent.name == 'seed1' and expert.net.head.type and 'config' not in expert
    teacher = resolve_teachers(student, seed=1).model.distiller.teachers.joint
    inside = teacher.net.trunk.experts.first
    assert Path(teacher.checkpoint).parent.name == 'seed0' and tuple(teacher.mean) == (0, 0, 0)
    assert Path(inside.checkpoint).parent.name == 'seed0', 'the experts of the seed of the joint teacher'
    assert resolve_teachers(student, seed=0, random=True).model.distiller.teachers.joint.net.trunk.experts.first.allow_random


SEARCHED = """
model['net'].update(
    neck=dict(type='ATRCNeck', lateral_channels=4, channels=4, regions=dict(depth=3), genotype=dict(config={search!r})),
    head=dict(type='LogitsHead'))
"""
TWO = ('semseg', 'depth')


@pytest.fixture
def searched(tmp_path, monkeypatch) -> Path:
    """A config whose genotype comes from a toy search, with work dirs inside tmp_path."""
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    search = write_search(tmp_path, iters=2)
    path = write_config(tmp_path, 'searched', iters=2, method='ATRC (searched)')
    path.write_text(path.read_text() + SEARCHED.format(search=str(search)))
    return path


def found(tmp_path: Path, seed: int, kind: int) -> Path:
    """The result of a search with this seed: the same kind for all pairs."""
    folder = tmp_path / 'work_dirs' / 'search' / f'seed{seed}'
    folder.mkdir(parents=True)
    write_genotype(folder / GENOTYPE_FILE, {target: dict.fromkeys(TWO, kind) for target in TWO}, {})
    return folder / GENOTYPE_FILE


def test_a_missing_genotype_names_the_command(searched):
    cfg = load_config(searched)
    assert [(p.name, p.checkpoint) for p in earlier_runs(cfg, seed=1)] == [('genotype', None)] and teacher_names(cfg) == ()
    said = (r'the genotype of .*searched\.py has no genotype\.json in .*search; search it with: mtkd train '
            r'.*search\.py \(or add --with-prerequisites .* --cfg-options model\.net\.neck\.genotype=FILE\)')
    for resolve in (resolve_teachers, resolve_experts):
        with pytest.raises(MissingPrerequisite, match=said):
            resolve(cfg, seed=1)


def test_a_genotype_is_the_seeds_own_or_that_of_seed_0(searched, tmp_path):
    files = [found(tmp_path, seed, kind=seed + 1) for seed in (0, 1)]
    cfg = load_config(searched)
    for seed, file in ((0, files[0]), (1, files[1]), (2, files[0])):
        assert resolve_teachers(cfg, seed).model.net.neck.genotype == str(file)
        assert resolve_experts(cfg, seed).model.net.neck.genotype == str(file)
    named = load_config(searched, {'model.net.neck.genotype': str(files[1])})
    assert resolve_teachers(named, 0).model.net.neck.genotype == str(files[1]) and earlier_runs(named, 0) == []


def test_options_reach_the_search(searched, tmp_path):
    found(tmp_path, 0, kind=1)
    cfg = load_config(searched, {'search.train_cfg.max_iters': 1})
    needed, = earlier_runs(cfg, 0)
    assert needed.load().train_cfg.max_iters == 1 and needed.checkpoint is None
    with pytest.raises(ValueError, match=r"search\.train_cfg\.max_itrs: train_cfg has no 'max_itrs'"):
        load_config(searched, {'search.train_cfg.max_itrs': 1})


def test_a_config_is_tried_without_its_search(searched):
    genotype = resolve_teachers(load_config(searched), 0, random=True).model.net.neck.genotype
    assert find_genotype(genotype.to_dict(), TWO) == genotype
    assert train(Job(str(searched), smoke=True)).name == 'smoke'


def test_a_teacher_with_a_searched_genotype(searched, tmp_path):
    cfg = load_config(write_config(tmp_path, 'student', teacher=searched, method='KDAM'))
    file = found(tmp_path, 0, kind=2)
    made(tmp_path, 'searched', 0)
    assert resolve_teachers(cfg, seed=1).model.distiller.teachers.big.net.neck.genotype == str(file)
    assert resolve_teachers(cfg, 0, random=True).model.distiller.teachers.big.net.neck.genotype.semseg.depth == 2


def test_with_prerequisites_searches_first(searched, tmp_path, capfd):
    """The search, the network of its genotype, and that network alone; weights of another genotype are an error."""
    folder = train(Job(str(searched), with_prerequisites=True))
    assert 'the genotype is missing; searching it first: mtkd train' in capfd.readouterr().out
    file = tmp_path / 'work_dirs/search/seed0' / GENOTYPE_FILE
    genotype = find_genotype(str(file), TWO)
    student = load_student(searched, folder / FINAL)
    assert student.net.trunk.neck.genotype == genotype
    assert {task: set(row) for task, row in student.net.trunk.neck.contexts.items()} == {
        task: {source for source, kind in row.items() if kind} for task, row in genotype.items()}
    write_genotype(file, {task: {source: (kind + 1) % 5 for source, kind in row.items()} for task, row in genotype.items()},
                   {})
    with pytest.raises(ValueError, match='does not fit this config|trained with the genotype'):
        load_student(searched, folder / FINAL)
