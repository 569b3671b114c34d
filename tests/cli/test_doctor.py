"""What ``mtkd doctor`` prints and returns."""

import pytest

from mtkd.studies import doctor

from .called import run


@pytest.mark.parametrize(('state', 'code', 'last'), [('ok', 0, 'no fault found'), ('note', 0, 'no fault found'),
                                                      ('FAULT', 1, 'will not work correctly; faults: torch')])
def test_doctor_exits_with_1_when_something_needed_is_wrong(state, code, last, monkeypatch, capsys):
    monkeypatch.setattr(doctor, 'examine', lambda *places: [doctor.Check('torch', state, 'said', 'cure')])
    got, out, _ = run(monkeypatch, capsys, 'doctor')
    assert got == code and '-> cure' in out and last in out.splitlines()[-1]
