"""What tools/doctor.py and tools/plan.py print and return."""

import importlib.util
import runpy
import sys
from pathlib import Path

import pytest

from mtkd.studies import doctor
from tests.engine.toy import write_config

ROOT = Path(__file__).resolve().parents[2]


def load(tool: str):
    spec = importlib.util.spec_from_file_location(f'{tool}_tool', ROOT / 'tools' / f'{tool}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(('state', 'code', 'last'), [('ok', 0, 'no fault found'), ('note', 0, 'no fault found'),
                                                      ('FAULT', 1, 'will not run as it should: torch')])
def test_doctor_exits_with_1_when_something_needed_is_wrong(state, code, last, monkeypatch, capsys):
    tool = load('doctor')
    monkeypatch.setattr(doctor, 'examine', lambda *places: [doctor.Check('torch', state, 'said', 'cure')])
    monkeypatch.setattr(tool, '_load', lambda: doctor)
    monkeypatch.setattr(sys, 'argv', ['doctor.py'])
    assert tool.main() == code
    out = capsys.readouterr().out
    assert '-> cure' in out and last in out.splitlines()[-1]


def test_doctor_reads_its_module_by_path():
    """``import mtkd.engine`` would fail on the faults it is there for."""
    assert 'import mtkd' not in (ROOT / 'tools/doctor.py').read_text().replace('`import mtkd.engine`', '')
    assert load('doctor')._load().OK == 'ok'


def test_plan_of_a_smoke_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['plan.py', str(write_config(tmp_path, iters=50)), '--smoke', '--seconds', '0.01'])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / 'tools/plan.py'), run_name='__main__')
    out = capsys.readouterr().out
    assert stop.value.code == 0 and '50 iterations' in out and 'ON SYNTHETIC DATA, as --smoke asks for' in out


@pytest.mark.parametrize('tool', ['doctor', 'plan', 'infer', 'export'])
def test_help_has_an_example(tool, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', [f'{tool}.py', '--help'])
    with pytest.raises(SystemExit) as stop:
        load(tool).main()
    assert stop.value.code == 0 and f'python tools/{tool}.py' in capsys.readouterr().out
