import math

import torch

from mtkd.tasks import build_tasks
from mtkd.tasks.pictured import ErrorMap

TASKS = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 4},
                     'depth': {'type': 'Depth', 'draw_max_m': 20.0}, 'normals': {'type': 'Normals'},
                     'edge': {'type': 'Edge'}, 'sal': {'type': 'Saliency'}})


def same(found: ErrorMap, wanted: list[float]) -> bool:
    return found.values.shape == (1, len(wanted)) and torch.allclose(found.values, torch.tensor([wanted]), atol=0.05,
                                                                     equal_nan=True)


def test_errors_where_there_is_a_label():
    found = TASKS['depth'].error(torch.tensor([[[1.0, 5.0, 2.0]]]), torch.tensor([[[1.5, 3.0, 0.0]]]))
    assert same(found, [0.5, 2.0, math.nan]) and (found.unit, found.high) == ('m', 4.0)
    assert found.summary == 'absolute error, mean 1.25 m'
    found = TASKS['normals'].error(torch.eye(3).T.view(3, 1, 3),
                                   torch.tensor([[1.0, 0, 0], [1, 0, 0], [0, 0, 0]]).T.reshape(3, 1, 3))
    assert same(found, [0.0, 90.0, math.nan]) and found.unit == '°'
    found = TASKS['semseg'].error(torch.tensor([[1, 2, 3]]).byte(), torch.tensor([[1, 1, 255]]).byte())
    assert same(found, [0.0, 1.0, math.nan]) and found.summary == '50.0 % of pixels wrong'
    for task in ('edge', 'sal'):
        found = TASKS[task].error(torch.tensor([[0.75, 0.5, 0.1]]), torch.tensor([[1, 0, 255]]).byte())
        assert same(found, [0.25, 0.5, math.nan]), task


def test_without_any_label():
    found = TASKS['semseg'].error(torch.tensor([[1]]).byte(), torch.tensor([[255]]).byte())
    assert found.summary == 'no label here'


def test_scales_of_colours():
    assert TASKS['depth'].colours.high == 20.0 and TASKS['depth'].colours.unit == 'm'
    assert TASKS['semseg'].colours is None and TASKS['normals'].colours is None


def test_words_of_merged_classes():
    task = build_tasks({'a': {'type': 'Classification', 'num_classes': 2, 'offset': 3, 'total': 5}})['a']
    assert task.words(torch.tensor(1), ('x', 'y')) == [('y', None)] and task.words(torch.tensor(-1), ('x', 'y')) == []
    said = task.words(torch.tensor([0.1, 0.0, 0.0, 0.3, 0.6]), ('x', 'y'))
    assert [text for text, _ in said[:3]] == ['y', 'x', 'class 0'] and abs(said[0][1] - 0.6) < 1e-6
    assert task.words(torch.full((5,), torch.nan)) == []
