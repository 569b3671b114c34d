"""The page ``docs/first_hour.md``: its commands, in order, in an empty folder."""

import json
import re
import shlex
from pathlib import Path

import pytest

from mtkd.cli.main import COMMANDS, main
from tests.cli.test_main import options

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'first_hour.md'
BLOCKS = re.findall(r'```bash\n(.*?)```', PAGE.read_text(encoding='utf-8'), re.DOTALL)
LINES = [shlex.split(line) for block in BLOCKS for line in block.splitlines()]


def test_every_command_of_the_page_is_one_of_ours():
    assert len(LINES) > 12 and all(line[0] == 'mtkd' for line in LINES)
    for _, command, *arguments in LINES[1:]:
        assert command in COMMANDS
        assert {argument for argument in arguments if argument.startswith('--')} <= options(command)


@pytest.mark.slow
def test_the_commands_run_in_order(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('MTKD_WORK_DIRS', raising=False)
    monkeypatch.delenv('MTKD_DATA_ROOT', raising=False)
    for _, *arguments in LINES:
        code = main(arguments)
        said = capfd.readouterr()
        assert code == 0, f'{shlex.join(arguments)}: {said.err}'
    hour, quick = tmp_path / 'first_hour', tmp_path / 'work_dirs' / 'quick'
    assert sorted(path.name for path in (tmp_path / 'work_dirs').iterdir()) == ['quick']
    assert sorted(path.name.partition('+')[0] for path in quick.iterdir()) == [
        'short_teacher', 'student', 'student_kdam', 'teacher', 'teacher']
    records = [json.loads(path.read_text()) for path in sorted(quick.glob('*/seed0/results.json'))]
    assert {record['suite'] for record in records} == {'quickstart_quick'} and len(records) == 3
    assert all(record['protocol'].startswith('quick run, not a result') for record in records)
    page = (hour / 'board.html').read_text(encoding='utf-8')
    assert 'MT+KDAM' in page and 'quick run, not a result' in page
    assert (hour / 'curves.png').stat().st_size > 1000
    assert len(list((hour / 'predictions').rglob('*.png'))) >= 2 and list((hour / 'scenes').rglob('*.png'))
