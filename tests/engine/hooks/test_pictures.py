"""Pages of predictions next to the labels."""

import cv2
import numpy as np
import pytest
import torch

from mtkd.engine.hooks.pictures import page
from mtkd.engine.run import Job, train
from mtkd.tasks import build_tasks
from tests.engine.toy import write_config


def sample(**changed):
    """One sample of two tasks, as ``model(mode='predict')`` returns it."""
    label = torch.zeros(6, 8, dtype=torch.uint8)
    return {'image': torch.full((3, 10, 12), 7, dtype=torch.uint8),
            'meta': {'crop': (2, 2, 6, 8), 'dataset': 'rooms', 'sample_id': 'kitchen/1'},
            'pred': {'semseg': label + 1, 'depth': torch.ones(1, 6, 8)},
            'target': {'semseg': label, 'depth': torch.ones(1, 6, 8)}, 'present': {'semseg': True, 'depth': False},
            **changed}


@pytest.fixture
def shown(monkeypatch):
    """The arguments with which a page is drawn."""
    found = []
    monkeypatch.setattr('mtkd.engine.hooks.pictures.panel',
                        lambda *given: found.append(given[0]) or np.zeros((2, 2, 3), np.uint8))
    return found


TASKS = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 3}, 'depth': {'type': 'Depth'}})
ABOUT = {'dataset': 'all', 'datasets': {'rooms': {'split': 'val', 'classes': {'semseg': ('a', 'b', 'c')}}}}


def test_a_page_says_where_it_comes_from(shown):
    page(sample(), TASKS, None, ABOUT)
    assert shown[0].title == 'rooms · val · kitchen/1' and shown[0].class_names == {'semseg': ('a', 'b', 'c')}
    assert shown[0].image.shape == (6, 8, 3) and (shown[0].image == 7).all(), 'the image without its padding'
    assert set(shown[0].labels) == {'semseg'} and set(shown[0].student) == {'semseg', 'depth'}, 'an absent label is omitted'


def test_without_a_description_of_the_data(shown):
    page(sample(meta={}), TASKS)
    assert shown[0].title == '' and shown[0].class_names == {} and shown[0].teacher is None


@pytest.mark.parametrize('taught', [True, False])
def test_every_validation_is_drawn(tmp_path, monkeypatch, taught):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    teacher = write_config(tmp_path, 'big', iters=2)
    config = write_config(tmp_path, 'small', iters=4, val_interval=2, teacher=teacher if taught else None)
    config.write_text(config.read_text() + "custom_hooks = [dict(type='ValidationPictureHook', limit=3)]\n")
    folder = train(Job(str(config), with_prerequisites=True))
    drawn = sorted(path.relative_to(folder / 'pictures') for path in (folder / 'pictures').rglob('*.png'))
    assert len(drawn) == 6 and {path.name for path in drawn} == {'iter_2.png', 'iter_4.png'}
    tall, wide = cv2.imread(str(folder / 'pictures' / drawn[0])).shape[:2]
    assert (tall / wide > 0.8) == taught, 'one more row for the teacher'


def test_a_clip_is_shown_frame_by_frame(shown):
    tasks = build_tasks({'action': {'type': 'Classification', 'num_classes': 3}})
    clip = torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1).expand(4, 3, 10, 12)
    page({'image': clip, 'meta': {'crop': (1, 1, 8, 8)}}, tasks)
    assert shown[0].image.shape == (10, 4 * 12, 3) and [int(shown[0].image[0, 12 * k, 0]) for k in range(4)] == [0, 1, 2, 3]
