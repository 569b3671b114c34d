"""A page of one sample: its texts, and the images in its cells."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from mtkd.tasks import build_tasks
from mtkd.tasks.draw import palette
from mtkd.tasks.panel import NO_LABEL, RIGHT, WRONG, Shown, panel

TASKS = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 4}, 'depth': {'type': 'Depth'},
                     'normals': {'type': 'Normals'}, 'edge': {'type': 'Edge'}})
UP = torch.tensor([0.0, -1.0, 0.0]).view(3, 1, 1).expand(3, 6, 8)
LABELS = {'semseg': torch.tensor([0, 0, 1, 1, 2, 2, 255, 255]).byte().expand(6, 8), 'depth': torch.full((1, 6, 8), 4.0),
          'normals': UP, 'edge': torch.zeros(6, 8, dtype=torch.uint8)}
STUDENT = {'semseg': torch.tensor([0, 0, 0, 0, 2, 2, 2, 2]).byte().expand(6, 8), 'depth': torch.full((1, 6, 8), 3.5),
           'normals': UP.roll(1, 0), 'edge': torch.full((6, 8), 0.25)}
IMAGE = np.full((6, 8, 3), 99, np.uint8)


@pytest.fixture
def written(monkeypatch):
    """Every text and image of a page after it was drawn."""
    seen = {}
    draw = Figure.draw

    def noted(figure, renderer):
        from matplotlib.image import AxesImage
        from matplotlib.text import Text
        draw(figure, renderer)
        seen['texts'] = [text.get_text() for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        seen['images'] = [image.make_image(renderer, unsampled=True)[0] for image in figure.findobj(AxesImage)]

    monkeypatch.setattr(Figure, 'draw', noted)
    return seen


def test_headings_units_names_and_errors(written):
    names = {'semseg': ('wall', 'bed', 'lamp', 'cup')}
    drawn = panel(Shown(IMAGE, LABELS, STUDENT, title='rooms · val · 7', class_names=names), TASKS)
    texts = written['texts']
    assert drawn.dtype == np.uint8 and drawn.ndim == 3 and drawn.shape[2] == 3
    for text in ('rooms · val · 7', 'image', 'semseg', 'depth', 'normals', 'edge', 'label', 'student', 'm', '°',
                 'classes of semseg', 'wall', 'bed', 'lamp', '33.3 % of pixels wrong', 'absolute error, mean 0.5 m',
                 'angle, mean 90 °', 'error of probability, mean 0.25'):
        assert text in texts, text
    assert 'teacher' not in texts and 'cup' not in texts, 'a class without pixels is not in the legend'


def test_the_error_map_marks_wrong_pixels(written):
    panel(Shown(IMAGE, {'semseg': LABELS['semseg']}, {'semseg': STUDENT['semseg']}), {'semseg': TASKS['semseg']})
    first_rows = {tuple(map(tuple, image[0, :, :3].tolist())) for image in written['images'] if image.shape[:2] == (6, 8)}

    def row(*colours):
        return tuple(tuple(int(c[i:i + 2], 16) for i in (1, 3, 5)) if isinstance(c, str) else c for c in colours)

    a, b, c, black = (tuple(palette()[i].tolist()) for i in (0, 1, 2, 255))
    assert row(a, a, b, b, c, c, black, black) in first_rows and row(a, a, a, a, c, c, c, c) in first_rows
    assert row(RIGHT, RIGHT, WRONG, WRONG, RIGHT, RIGHT, NO_LABEL, NO_LABEL) in first_rows


def test_the_teacher_has_a_row_and_says_what_it_has_not(written):
    panel(Shown(IMAGE, {'semseg': LABELS['semseg']}, STUDENT, teacher={'semseg': LABELS['semseg']}), TASKS)
    texts = written['texts']
    assert 'teacher' in texts and texts.count('no prediction') == 3 and texts.count('no label') >= 6


def test_tasks_of_the_whole_picture_in_words(written):
    tasks = build_tasks({'age': {'type': 'Age'}, 'race': {'type': 'Classification', 'num_classes': 3}})
    panel(Shown(IMAGE, {'age': torch.tensor(34.0)}, {'age': torch.tensor(30.2), 'race': torch.tensor([0.2, 0.7, 0.1])},
                class_names={'race': ('red', 'green', 'blue')}), tasks)
    assert {'34.0 years', '30.2 years', 'no label', 'green  70.0 %', 'red  20.0 %', 'blue  10.0 %'} <= set(written['texts'])


def test_many_tasks_of_both_kinds_are_all_there(written):
    whole = {f'c{i}': {'type': 'Classification', 'num_classes': 2} for i in range(6)}
    tasks = build_tasks({'depth': {'type': 'Depth'}, **whole})
    panel(Shown(IMAGE, {}, {}), tasks)
    assert set(whole) <= set(written['texts'])


def test_importing_tasks_does_not_import_matplotlib():
    probe = ('import sys, mtkd.tasks.panel, mtkd.tasks.draw, mtkd.tasks.depth; '
             'sys.exit(bool({"matplotlib", "cv2"} & set(sys.modules)))')
    assert subprocess.run([sys.executable, '-c', probe], check=False).returncode == 0
