"""Losses of auxiliary predictions, against the tasks' own and against cross-entropies computed by hand."""

import math

import pytest
import torch
from torch.nn import functional as F

from mtkd.tasks import aux_losses, build_tasks

SIZE = (8, 12)
TASKS = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'},
                     'normals': {'type': 'Normals', 'z_sign': 1}, 'edge': {'type': 'Edge'}, 'sal': {'type': 'Saliency'}})


def rand(*shape, seed=0):
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed))


def binary():
    return (rand(*SIZE, seed=3) > 1).byte()


@pytest.mark.parametrize('task, channels, target', [
    ('semseg', 5, torch.randint(0, 5, (2, *SIZE), generator=torch.Generator().manual_seed(0)).byte()),
    ('depth', 1, rand(1, *SIZE).abs() + 0.5), ('edge', 1, binary()), ('sal', 2, binary())])
def test_the_tasks_own_form_has_the_tasks_own_loss(task, channels, target):
    out = rand(channels, 4, 6)
    for term, value in TASKS[task].losses(out, target).items():
        for mine, theirs in zip(aux_losses(TASKS[task], out, target)[term], value, strict=True):
            assert torch.equal(mine, theirs)


def test_two_classes_of_edge_are_one_logit():
    out, target = rand(2, *SIZE), binary()
    total, count = aux_losses(TASKS['edge'], out, target)['bce']
    log_probs = out.log_softmax(1)
    expected = -torch.where(target > 0, 0.8 * log_probs[:, 1], 0.2 * log_probs[:, 0]).sum((1, 2))
    torch.testing.assert_close(total, expected)
    assert count.tolist() == [96, 96]


def test_depth_is_classified_into_logarithmic_bins():
    out = rand(40, *SIZE)
    depth = rand(1, *SIZE, seed=1).abs() * 3 + 0.8
    depth[0, :, :2] = 0
    total, count = aux_losses(TASKS['depth'], out, depth)['bins_ce']
    width = math.log(10 / 0.7) / 40
    index = ((depth[:, 0].clamp(0.7, 9.999) / 0.7).log() / width).floor().long()
    values = F.cross_entropy(out, index, reduction='none') * (depth[:, 0] > 0)
    torch.testing.assert_close(total, values.sum((1, 2)))
    assert count.tolist() == [96 - 24, 96]


@pytest.mark.parametrize('bins', [40, 13])
def test_normals_are_classified_by_direction(bins):
    out, normals = rand(bins, 4, 6), F.normalize(rand(3, *SIZE, seed=2), dim=1)
    normals[:, 2] = normals[:, 2].abs()
    view = TASKS['normals'].prob_view if bins == 40 else None
    total, count = aux_losses(TASKS['normals'], out, normals)['bins_ce']
    assert total.shape == (2,) and count.tolist() == [96, 96]
    if view is not None:
        nearest = torch.einsum('bchw,kc->bkhw', normals, view.directions).argmax(1)
        values = F.cross_entropy(F.interpolate(out, SIZE, mode='bilinear'), nearest, reduction='none')
        torch.testing.assert_close(total, values.sum((1, 2)))


def test_nothing_labelled_is_zero_with_a_graph():
    out = rand(40, *SIZE).requires_grad_()
    total, count = aux_losses(TASKS['depth'], out, torch.zeros(2, 1, *SIZE))['bins_ce']
    total.sum().backward()
    assert not total.any() and not count.any() and not out.grad.any()


def test_other_widths_are_refused():
    with pytest.raises(ValueError, match="Task 'semseg' has 5 channels and an auxiliary prediction with 7"):
        aux_losses(TASKS['semseg'], rand(7, *SIZE), torch.zeros(2, *SIZE).byte())
