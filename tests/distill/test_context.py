"""Additional inputs of losses, for every kind of label."""

import pytest
import torch

from mtkd.distill.context import CONTEXT, Step, target_valid
from mtkd.tasks import build_tasks

from .nets import batch

TASKS = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'},
                     'normals': {'type': 'Normals'}, 'digit': {'type': 'Classification', 'num_classes': 10},
                     'late': {'type': 'Classification', 'num_classes': 10, 'offset': 5, 'total': 20},
                     'age': {'type': 'Age'}})


def step(task: str, label: torch.Tensor, size: tuple[int, int] | None = (4, 6)) -> Step:
    data = batch()
    data['targets'][task] = label
    data['present'][task] = torch.tensor([True, True, True, False])
    return Step(data, TASKS[task], size, 0.5, torch.device('cpu'))


def test_classes_of_maps_lie_under_the_pixels_of_the_view():
    label = torch.randint(0, 5, (4, 8, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    label[0, :, 6:] = 255
    made = step('semseg', label)
    valid, target = target_valid(made), CONTEXT['target'](made)
    assert target.dtype == torch.int64 and target[1].equal(label[1, 1::2, 1::2].long())
    assert valid[0].sum() == 12 and valid[1:3].all() and not valid[3].any() and not target[~valid].any()


def test_numbers_and_vectors_of_maps():
    depth = torch.rand(4, 1, 8, 12)
    depth[1, :, :4] = 0
    made = step('depth', depth)
    assert CONTEXT['target'](made)[0].equal(depth[0, 0, 1::2, 1::2]) and not target_valid(made)[1, :2].any()
    normals = torch.rand(4, 3, 8, 12)
    assert CONTEXT['target'](step('normals', normals))[2].equal(normals[2, :, 1::2, 1::2])


def test_labels_of_pictures():
    made = step('digit', torch.tensor([3, -1, 7, 2]), None)
    assert CONTEXT['target'](made).tolist() == [3, 0, 7, 0] and target_valid(made).tolist() == [True, False, True, False]
    assert CONTEXT['target'](step('late', torch.tensor([3, -1, 7, 2]), None)).tolist() == [8, 0, 12, 0]
    made = step('age', torch.tensor([3.5, float('nan'), 7, 2]), None)
    assert CONTEXT['target'](made).tolist() == [3.5, 0.0, 7.0, 0.0]


def test_a_map_is_no_label_of_a_vector():
    with pytest.raises(ValueError, match='give a tap that is a map'):
        CONTEXT['target'](step('semseg', torch.zeros(4, 8, 12, dtype=torch.uint8), None))


def test_progress_and_index():
    made = step('semseg', torch.zeros(4, 8, 12, dtype=torch.uint8))
    for i, meta in enumerate(made.batch['meta']):
        meta['index'] = 7 - i
    assert CONTEXT['progress'](made) == 0.5 and CONTEXT['index'](made).tolist() == [7, 6, 5, 4]
