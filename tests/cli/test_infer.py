"""The output, files and exit codes of ``mtkd infer``."""

import json
import re

import cv2
import numpy as np
import pytest

from tests.deploy.deployed import write_student

from .called import run


@pytest.fixture
def call(monkeypatch, capsys):
    """Exit code, stdout and the lines with errors and notes of a command."""
    def called(command, *arguments):
        code, out, err = run(monkeypatch, capsys, command, *arguments)
        assert 'Traceback' not in err
        return code, out, [line for line in err.splitlines() if re.search('(error|note): ', line)]
    return called


def test_infer_writes_pictures_values_and_an_index(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    (tmp_path / 'in').mkdir()
    for name, size in (('a.png', (40, 56)), ('b.jpg', (33, 35))):
        cv2.imwrite(str(tmp_path / 'in' / name), np.full((*size, 3), 90, np.uint8))
    code, out, _ = call('infer', config, checkpoint, tmp_path / 'in', tmp_path / 'in/a.png', '--out', tmp_path / 'out',
                        '--device', 'cpu', '--batch-size', 2)
    assert code == 0 and '3 images, tasks semseg, depth' in out
    index = json.loads((tmp_path / 'out/predictions.json').read_text())
    assert [entry['size'] for entry in index] == [[40, 56], [33, 35], [40, 56]] and index[0]['units']['depth'] == 'm'
    second = index[1]
    assert cv2.imread(str(tmp_path / 'out' / second['pictures']['depth'])).shape == (33, 35, 3)
    values = np.load(tmp_path / 'out' / second['values']['depth'])
    assert values['depth'].shape == (33, 35) and values['semseg'].dtype == np.uint8
    code, _, _ = call('infer', config, checkpoint, tmp_path / 'in/a.png', '--out', tmp_path / 'bare', '--no-values')
    assert code == 0 and sorted(p.suffix for p in (tmp_path / 'bare').iterdir()) == ['.json', '.png', '.png']


def test_infer_names_what_it_cannot_read(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((32, 32, 3), np.uint8))
    (tmp_path / 'b.mp4').write_bytes(b'nothing')
    code, _, errors = call('infer', config, checkpoint, tmp_path / 'a.png', tmp_path / 'b.mp4', '--out', tmp_path / 'o')
    assert code == 2 and len(errors) == 1 and 'b.mp4 is not a readable video' in errors[0]
    assert len(json.loads((tmp_path / 'o/predictions.json').read_text())) == 1  # finished predictions are kept
    code, _, errors = call('infer', config, checkpoint, tmp_path / 'none.png', '--out', tmp_path / 'a.png')
    assert code == 2 and 'is a file: name a folder' in errors[0]
    (tmp_path / 'empty').mkdir()
    code, _, errors = call('infer', config, checkpoint, tmp_path / 'empty', '--out', tmp_path / 'o')
    assert code == 2 and len(errors) == 1 and 'empty contains no image or video' in errors[0]


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
    code, out, notes = call('infer', config, checkpoint, film, '--out', tmp_path / 'o', '--no-values')
    assert code == 0 and len(notes) == 1 and 'of its 10 declared frames: it is truncated' in notes[0]
    assert int(out.split()[out.split().index('images,') - 1]) < 9
