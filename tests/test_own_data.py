"""The example of ``docs/mechanisms/own_data.md``: its config files, on data made here."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mtkd.engine.job import Job
from mtkd.engine.run import train

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'mechanisms' / 'own_data.md'
SHORT = {'train_cfg.max_iters': 2}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    files = dict(re.findall(r'`(\w+\.py)`:\n\n```python\n(.*?)```', PAGE.read_text(), re.DOTALL))
    assert set(files) == {'common.py', 'depth_teacher.py', 'semseg_teacher.py', 'student.py'}
    lines = sum(bool(line.strip()) for text in files.values() for line in text.splitlines())
    assert lines < 40 and f'with {lines} lines' in PAGE.read_text()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    rng = np.random.default_rng(0)
    for name in ('rooms/images', 'rooms/depth', 'streets/images', 'streets/masks'):
        (tmp_path / name).mkdir(parents=True)
    for i in range(8):
        for name in ('rooms', 'streets'):
            cv2.imwrite(str(tmp_path / name / 'images' / f'{i}.png'), rng.integers(0, 255, (72, 104, 3), dtype=np.uint8))
        cv2.imwrite(str(tmp_path / 'rooms' / 'depth' / f'{i}.png'), rng.integers(800, 6000, (72, 104)).astype(np.uint16))
        cv2.imwrite(str(tmp_path / 'streets' / 'masks' / f'{i}.png'), rng.integers(0, 3, (72, 104), dtype=np.uint8))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_two_teachers_and_their_student(folder):
    of_teachers = {f'teachers.{name}.{key}': value for name in ('depth', 'semseg') for key, value in SHORT.items()}
    for name in ('depth_teacher', 'semseg_teacher', 'student'):
        train(Job(config=f'{name}.py', options={**SHORT, **(of_teachers if name == 'student' else {})}, data_root=folder))
    final = torch.load(folder / 'work_dirs' / 'student' / 'seed0' / 'final.pth', weights_only=True)
    assert any(key.startswith('net.heads.depth') for key in final['state_dict'])
    assert any(key.startswith('net.heads.semseg') for key in final['state_dict'])
