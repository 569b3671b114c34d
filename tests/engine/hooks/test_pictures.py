"""Panels of predictions beside the labels."""

import cv2
import numpy as np
import pytest
import torch

from mtkd.engine.hooks.pictures import MARGIN, panel
from mtkd.engine.run import Job, train
from mtkd.tasks import build_tasks
from tests.engine.toy import write_config


def test_a_panel_has_the_picture_and_two_cells_a_task():
    tasks = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 3}, 'depth': {'type': 'Depth'}})
    label = torch.zeros(6, 8, dtype=torch.uint8)
    sample = {'image': torch.full((3, 10, 12), 7, dtype=torch.uint8), 'meta': {'crop': (2, 2, 6, 8)},
              'pred': {'semseg': label + 1, 'depth': torch.ones(1, 6, 8)},
              'target': {'semseg': label, 'depth': torch.ones(1, 6, 8)}, 'present': {'semseg': True, 'depth': False}}
    drawn = panel(sample, tasks)
    assert drawn.shape == (2 * 6 + MARGIN, 3 * 8 + 2 * MARGIN, 3) and drawn.dtype == np.uint8
    assert (drawn[:6, :8] == 7).all(), 'the picture without its padding'
    semseg = slice(8 + MARGIN, 16 + MARGIN)
    assert not np.array_equal(drawn[:6, semseg], drawn[6 + MARGIN:, semseg]), 'label above, prediction below'
    assert (drawn[:6, 16 + 2 * MARGIN:] == 0).all(), 'an absent label is black'


def test_the_teacher_stands_below():
    tasks = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 3}, 'depth': {'type': 'Depth'}})
    label = torch.zeros(6, 8, dtype=torch.uint8)
    sample = {'image': torch.full((3, 6, 8), 7, dtype=torch.uint8), 'meta': {},
              'pred': {'semseg': label + 1, 'depth': torch.ones(1, 6, 8)},
              'target': {'semseg': label, 'depth': torch.ones(1, 6, 8)}, 'present': {'semseg': True, 'depth': True}}
    drawn = panel(sample, tasks, {'semseg': label})
    assert drawn.shape[0] == 3 * 6 + 2 * MARGIN
    top, bottom = drawn[:6, 8 + MARGIN:16 + MARGIN], drawn[-6:, 8 + MARGIN:16 + MARGIN]
    assert np.array_equal(top, bottom), 'a teacher that is right looks like the label'
    assert (drawn[-6:, 16 + 2 * MARGIN:] == 255).all(), 'it has nothing to say of depth'


@pytest.mark.parametrize('taught', [True, False])
def test_every_validation_is_drawn(tmp_path, monkeypatch, taught):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    teacher = write_config(tmp_path, 'big', iters=2)
    config = write_config(tmp_path, 'small', iters=4, val_interval=2, teacher=teacher if taught else None)
    config.write_text(config.read_text() + "custom_hooks = [dict(type='ValidationPictureHook', limit=3)]\n")
    folder = train(Job(str(config), with_prerequisites=True))
    drawn = sorted(path.relative_to(folder / 'pictures') for path in (folder / 'pictures').rglob('*.png'))
    assert len(drawn) == 6 and {path.name for path in drawn} == {'iter_2.png', 'iter_4.png'}
    picture = cv2.imread(str(folder / 'pictures' / drawn[0]))
    assert picture.shape[0] == (3 * 32 + 2 * MARGIN if taught else 2 * 32 + MARGIN)


def test_a_clip_is_shown_frame_by_frame():
    tasks = build_tasks({'action': {'type': 'Classification', 'num_classes': 3}})
    clip = torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1).expand(4, 3, 10, 12)
    drawn = panel({'image': clip, 'meta': {'crop': (1, 1, 8, 8)}}, tasks)
    assert drawn.shape == (2 * 10 + MARGIN, 4 * 12, 3)
    assert [int(drawn[0, 12 * k, 0]) for k in range(4)] == [0, 1, 2, 3]
