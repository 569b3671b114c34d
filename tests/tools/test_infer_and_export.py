"""What tools/infer.py and tools/export.py print, write and return."""

import json
import re
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mtkd.leaderboard import Result
from tests.deploy.deployed import write_student

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def call(monkeypatch, capsys):
    """Exit code, stdout and the lines with errors and notes of a tool."""
    def run(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        monkeypatch.delenv('MTKD_TRACEBACK', raising=False)
        with pytest.raises(SystemExit) as stop:
            runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
        captured = capsys.readouterr()
        assert 'Traceback' not in captured.err
        said = [line for line in captured.err.splitlines() if re.search('(error|note): ', line)]
        return int(stop.value.code or 0), captured.out, said
    return run


def test_infer_writes_pictures_values_and_an_index(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    (tmp_path / 'in').mkdir()
    for name, size in (('a.png', (40, 56)), ('b.jpg', (33, 35))):
        cv2.imwrite(str(tmp_path / 'in' / name), np.full((*size, 3), 90, np.uint8))
    code, out, _ = call('infer.py', config, checkpoint, tmp_path / 'in', tmp_path / 'in/a.png', '--out', tmp_path / 'out',
                        '--device', 'cpu', '--batch-size', 2)
    assert code == 0 and '3 pictures, tasks semseg, depth' in out
    index = json.loads((tmp_path / 'out/predictions.json').read_text())
    assert [entry['size'] for entry in index] == [[40, 56], [33, 35], [40, 56]] and index[0]['units']['depth'] == 'm'
    second = index[1]
    assert cv2.imread(str(tmp_path / 'out' / second['pictures']['depth'])).shape == (33, 35, 3)
    values = np.load(tmp_path / 'out' / second['values']['depth'])
    assert values['depth'].shape == (33, 35) and values['semseg'].dtype == np.uint8
    code, _, _ = call('infer.py', config, checkpoint, tmp_path / 'in/a.png', '--out', tmp_path / 'bare', '--no-values')
    assert code == 0 and sorted(p.suffix for p in (tmp_path / 'bare').iterdir()) == ['.json', '.png', '.png']


def test_infer_names_what_it_cannot_read(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((32, 32, 3), np.uint8))
    (tmp_path / 'b.mp4').write_bytes(b'nothing')
    code, _, errors = call('infer.py', config, checkpoint, tmp_path / 'a.png', tmp_path / 'b.mp4', '--out', tmp_path / 'o')
    assert code == 2 and len(errors) == 1 and 'b.mp4 is no readable video' in errors[0]
    assert len(json.loads((tmp_path / 'o/predictions.json').read_text())) == 1  # what was done is kept
    code, _, errors = call('infer.py', config, checkpoint, tmp_path / 'none.png', '--out', tmp_path / 'a.png')
    assert code == 2 and 'is a file: name a folder' in errors[0]
    (tmp_path / 'empty').mkdir()
    code, _, errors = call('infer.py', config, checkpoint, tmp_path / 'empty', '--out', tmp_path / 'o')
    assert code == 2 and len(errors) == 1 and 'empty holds no picture or video' in errors[0]


def test_infer_notes_a_video_that_is_cut_off(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    film = tmp_path / 'film.avi'
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter_fourcc(*'MJPG'), 5, (56, 40))
    if not writer.isOpened():
        pytest.skip('this OpenCV writes no MJPG video')
    for k in range(10):
        writer.write(np.random.default_rng(k).integers(0, 256, (40, 56, 3), dtype=np.uint8))
    writer.release()
    film.write_bytes(film.read_bytes()[:film.stat().st_size // 2])
    code, out, notes = call('infer.py', config, checkpoint, film, '--out', tmp_path / 'o', '--no-values')
    assert code == 0 and len(notes) == 1 and 'of the 10 frames it announces: it is cut off' in notes[0]
    assert int(out.split()[out.split().index('pictures,') - 1]) < 9


def test_export_writes_a_file_and_a_card(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    Result.of({'semseg': {'miou': (31.0, '%', True)}, 'depth': {'rmse': (0.7, 'm', False)}}, suite='toy', method='MT',
              config=str(config), config_sha256='x', seed=0, student='tiny', backbone='tiny', tasks=['semseg', 'depth'],
              role='multi_task', primary={'semseg': 'miou', 'depth': 'rmse'}, test_set='toy, val',
              train_set='toy').write(tmp_path / 'results.json')
    code, out, _ = call('export.py', config, checkpoint, '--format', 'state_dict')
    assert code == 0 and 'largest difference 0' in out and (tmp_path / 'student.pth').is_file()
    card = (tmp_path / 'student.md').read_text()
    assert '| depth | rmse | 0.7 m |' in card and 'no terms of others' in card


def test_export_mistakes_are_one_sentence(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    for arguments, sentence in ((['--out', checkpoint], 'the checkpoint itself'), (['--out', tmp_path], 'is a folder'),
                                (['--size', 0, 5], 'a height and a width'),
                                (['--results', tmp_path / 'no.json'], 'no.json')):
        code, _, errors = call('export.py', config, checkpoint, '--format', 'state_dict', *arguments)
        assert code == 2 and len(errors) == 1 and sentence in errors[0]
