import io
import json
import time

from rich.console import Console

from mtkd.studies.sweep.jobs import State
from mtkd.studies.sweep.points import Point
from mtkd.studies.sweep.view import Screen, clock, closing, last_step, overview, progress
from mtkd.studies.sweep.works import Plan, Step, Work


def plan(root):
    """A teacher, and two points with two seeds."""
    works = [Work('teacher big/seed0', root / 'big', [Step(('true',), root / 'big' / 'final.pth')], iterations=10)]
    for weight in (0.5, 2.0):
        point = Point({'weight': weight}, 'c.py', {'weight': weight}, f'weight={weight}')
        for seed in (0, 1):
            folder = root / point.slug / f'seed{seed}'
            steps = [Step(('true',), folder / name) for name in ('final.pth', 'results.json')]
            works.append(Work(f'{point.slug}/seed{seed}', folder, steps, point=point, seed=seed, iterations=200))
    return Plan(works, root / 'mine', 'results.json')


def states_of(laid):
    now = time.monotonic()
    states = [State('done', now - 90, now), State('done', before=True), State('running', now - 5),
              State('failed', now - 9, now, 'exit code 2: no data'), State('blocked', why='it needs x, which failed')]
    return dict(zip([work.name for work in laid.works], states, strict=True))


def shown(thing):
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(thing)
    return console.file.getvalue()


def test_a_line_a_point_and_a_column_a_seed(tmp_path):
    laid = plan(tmp_path)
    folder = laid.works[2].folder / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text('{"loss": 1.0, "step": 84}\n')
    lines = shown(overview(laid, states_of(laid))).splitlines()
    assert 'mine: 1 running, 2 done, 1 failed, 1 blocked' in lines[0]
    assert [part.strip() for part in lines[2].strip('┃').split('┃')] == ['weight', 'seed 0', 'seed 1']
    rows = [[part.strip() for part in line.strip('│').split('│')] for line in lines if line.startswith('│')]
    assert rows == [['teacher big/seed0', 'done 1:30', ''], ['0.5', 'done', '42 % 0:05'], ['2.0', 'failed', 'blocked']]


def test_progress_is_the_newest_logs_last_step(tmp_path):
    work = plan(tmp_path).works[1]
    assert last_step(work.folder) == 0 and progress(work) == '0 %'
    folder = work.folder / '20260101_000000' / 'vis_data'
    folder.mkdir(parents=True)
    lines = [json.dumps({'loss': 1.0, 'step': step, 'padding': 'x' * 500}) for step in range(1, 51)]
    (folder / 'scalars.json').write_text('\n'.join([*lines, '{"semseg/mIoU": 3.0, "step": 50}', '{"loss": 0.9, "st']))
    assert last_step(work.folder) == 50 and progress(work) == '25 %'
    work.steps[0].outcome.touch()
    assert progress(work) == 'test'


def test_without_a_terminal_each_change_is_a_line(tmp_path):
    laid = plan(tmp_path)
    console = Console(file=io.StringIO(), width=80)
    states = states_of(laid)
    with Screen(laid, console) as screen:
        screen.show(dict.fromkeys(states, State()))
        screen.show(states)
        screen.show(states)
    assert console.file.getvalue().splitlines() == [
        'teacher big/seed0: done in 1:30', 'weight=0.5/seed0: already done', 'weight=0.5/seed1: running',
        'weight=2.0/seed0: failed: exit code 2: no data', 'weight=2.0/seed1: blocked: it needs x, which failed']


def test_on_a_terminal_the_table_is_drawn(tmp_path):
    laid = plan(tmp_path)
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with Screen(laid, console) as screen:
        screen.show(states_of(laid))
    assert 'teacher big/seed0' in console.file.getvalue() and 'blocked' in console.file.getvalue()


def test_the_end_names_what_failed_and_its_log(tmp_path):
    laid = plan(tmp_path)
    assert closing(laid, states_of(laid)) == [
        '1 running, 1 done, 1 failed, 1 blocked',
        f'failed: weight=2.0/seed0 (exit code 2: no data); log: {tmp_path}/weight=2.0/seed0/sweep.log',
        'not run: weight=2.0/seed1 (it needs x, which failed)']


def test_clock():
    assert [clock(seconds) for seconds in (5.9, 65, 3725)] == ['0:05', '1:05', '1:02:05']
