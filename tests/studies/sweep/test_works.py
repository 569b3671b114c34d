import json
from pathlib import Path

import pytest

from mtkd.studies.sweep.points import read_sweep
from mtkd.studies.sweep.works import Settings, complete, make_plan, note_begun
from tests.engine.toy import write_config

ROOT = Path(__file__).resolve().parents[3]
PLAIN = Settings()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Write a sweep over a toy student with a toy teacher; returns its plan."""
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    teacher = write_config(tmp_path, 'big')
    student = write_config(tmp_path, 'small', iters=8, teacher=teacher)

    def plan(text="grid = {'model.distiller.weight': [0.5, 2.0]}\nseeds = [0, 1]", settings=PLAIN):
        path = tmp_path / 'sweep.py'
        path.write_text(f'config = {str(student)!r}\n{text}\n')
        return make_plan(read_sweep(path), settings)

    return plan


def test_a_missing_teacher_is_one_work_before_all_runs(toy, tmp_path):
    plan = toy()
    names = [work.name for work in plan.works]
    assert names == ['teacher big/seed0', 'weight=0.5/seed0', 'weight=2.0/seed0', 'weight=0.5/seed1', 'weight=2.0/seed1']
    assert [work.needs for work in plan.works] == [[]] + [['teacher big/seed0']] * 4
    final = tmp_path / 'work_dirs' / 'big' / 'seed0' / 'final.pth'
    assert plan.works[0].steps[0].outcome == final and plan.works[0].iterations == 6
    final.parent.mkdir(parents=True)
    final.touch()
    assert [work.needs for work in toy().works] == [[]] * 4


def test_a_run_trains_then_tests_in_a_folder_of_its_own(toy, tmp_path):
    work = toy(settings=Settings(data_root=tmp_path, amp='off')).runs[3]
    folder = tmp_path / 'work_dirs' / 'sweeps' / 'sweep' / 'weight=2.0' / 'seed1'
    train, test = work.steps
    assert (work.folder, train.outcome, test.outcome) == (folder, folder / 'final.pth', folder / 'results.json')
    given = f'--seed 1 --data-root {tmp_path} --amp off'
    options = '--cfg-options model.distiller.weight=2.0 method=MT(weight=2.0)'
    assert ' '.join(train.command[1:]) == (f'-m mtkd train {tmp_path}/small.py --work-dir {folder} {given} --resume '
                                           f'--with-prerequisites {options}')
    assert ' '.join(test.command[1:]) == (f'-m mtkd test {tmp_path}/small.py {folder}/final.pth {given} '
                                          f'--out {folder}/results.json {options}')
    assert work.iterations == 8 and not work.alone


def test_a_config_beside_the_sweep_file_is_found(toy, tmp_path):
    config = toy("grid = {'train_cfg.max_iters': [3]}\nconfig = 'small.py'").runs[0].steps[0].command[4]
    assert config == str(tmp_path / 'small.py')


def test_smoke_needs_no_teacher_and_writes_what_no_leaderboard_gathers(toy):
    plan = toy(settings=Settings(smoke=True))
    assert len(plan.works) == 4 and plan.root.name == 'smoke'
    assert plan.runs[0].steps[1].outcome.name == 'smoke.json' and '--smoke' in plan.runs[0].steps[1].command


def test_quick_runs_and_their_teachers_lie_apart(toy, tmp_path):
    plan = toy("grid = {'teachers.big.train_cfg.max_iters': [2, 3]}", Settings(quick=True))
    assert plan.root == tmp_path / 'work_dirs' / 'sweeps' / 'sweep' / 'quick'
    teachers = [work for work in plan.works if work.point is None]
    assert len({work.folder for work in teachers}) == 2, 'each with its own options'
    for work in teachers:
        command = work.steps[0].command
        assert work.folder.parents[1] == tmp_path / 'work_dirs' / 'quick' and command.count('--quick') == 1
        assert work.iterations in (2, 3) and f'train_cfg.max_iters={work.iterations}' in command
    assert all(step.command.count('--quick') == 1 for run in plan.runs for step in run.steps)
    with pytest.raises(ValueError, match='give one of them'):
        Settings(smoke=True, quick=True)


def test_runs_that_write_caches_are_alone(toy):
    plan = toy("grid = {'teacher_cache.views': [1, 2]}\noptions = {'teacher_cache.mode': 'views'}")
    assert all(work.alone for work in plan.runs)


def test_done_is_a_whole_results_file(toy):
    work = toy().runs[0]
    work.folder.mkdir(parents=True)
    results = work.steps[-1].outcome
    results.write_text('{"schema_version": 1, "sui')
    assert not work.done and not complete(results)
    results.write_text('{}')
    assert work.done


def test_a_folder_begun_with_something_else_is_refused(toy, tmp_path):
    work = toy().runs[0]
    work.folder.mkdir(parents=True)
    note_begun(work)
    assert json.loads((work.folder / 'run.json').read_text())['seed'] == 0
    toy()
    with pytest.raises(ValueError, match='was started with arguments , and now it is --amp.bf16: give the sweep file'):
        toy(settings=Settings(amp='bf16'))
    config = tmp_path / 'small.py'
    config.write_text(config.read_text().replace('lr=0.05', 'lr=0.06'))
    with pytest.raises(ValueError, match='was started with another version of .*small.py or of its bases'):
        toy()


@pytest.mark.parametrize(('text', 'sentence'), [
    ("grid = {'model.distiller.weihgt': [1]}", 'weihgt = 1: --cfg-options model.distiller.weihgt: .* nearest: weight'),
    ("grid = {'config': ['configs/sweeps/kdam_table5.py']}", 'config = kdam_table5: .* is not a training config'),
])
def test_mistakes_in_a_point_name_it_before_anything_runs(toy, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        toy(text)


@pytest.mark.parametrize(('table', 'points'), [(5, 13), (6, 4), (7, 5)])
def test_kdams_tables(table, points, tmp_path, monkeypatch):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path))
    sweep = read_sweep(ROOT / f'configs/sweeps/kdam_table{table}.py')
    plan = make_plan(sweep, Settings())
    assert len(sweep.points) == points and len(plan.runs) == 3 * points
    assert [work.name for work in plan.works if work.point is None] == ['teacher mt_swinL_nyud/seed0']
    assert (sweep.published, sweep.table) == ('kdam_nyud', f'Table {table}')
    for path in (ROOT / 'configs' / 'sweeps').glob('*.py'):
        assert f'python tools/sweep.py configs/sweeps/{path.name}' in path.read_text()
