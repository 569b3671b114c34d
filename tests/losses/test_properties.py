"""Properties of every registered loss."""

import pytest
import torch

import mtkd.losses  # noqa: F401 (registers)
from mtkd.registry import LOSSES
from mtkd.structures import global_ratio

from .cases import CASES, B, build, case

NAMES = sorted(CASES)


def test_every_loss_has_a_case():
    ours = {name for name, cls in LOSSES.module_dict.items() if cls.__module__.startswith('mtkd.losses')}
    assert ours == set(CASES)


@pytest.mark.parametrize('name', NAMES)
def test_sum_and_count_per_sample(name):
    pred, target, valid = case(name)
    total, count = build(name)(pred, target, valid)
    assert total.shape == count.shape == (B,)
    assert total.dtype == count.dtype == torch.float32
    assert torch.equal(count, valid.reshape(B, -1).sum(1).float())
    assert (total >= 0).all() and total.sum() > 0
    assert 0 <= count[0] < count[1]


@pytest.mark.parametrize('name', NAMES)
def test_term_is_not_added_up_by_mmengine(name):
    assert build(name).term and 'loss' not in build(name).term


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('name', NAMES)
def test_gradient_is_finite_and_zero_where_invalid(name, dtype):
    pred, target, valid = case(name)
    pred = pred.to(dtype).requires_grad_()
    total, count = build(name)(pred, target, valid)
    assert total.dtype == torch.float32
    global_ratio(total, count).backward()
    gradient = pred.grad.movedim(1, -1)
    assert torch.isfinite(gradient).all() and (gradient[valid] != 0).any()
    assert (gradient[~valid] == 0).all()


@pytest.mark.parametrize('scale', [0.0, 1e4])
@pytest.mark.parametrize('name', NAMES)
def test_gradient_is_finite_at_extreme_outputs(name, scale):
    pred, target, valid = case(name)
    pred = (pred * scale).bfloat16().requires_grad_()
    total, _ = build(name)(pred, target, valid)
    total.sum().backward()
    assert torch.isfinite(total).all() and torch.isfinite(pred.grad).all()


@pytest.mark.parametrize('name', NAMES)
def test_nothing_valid_is_zero_with_a_graph(name):
    pred, target, valid = case(name)
    pred.requires_grad_()
    target = torch.full_like(target, {torch.uint8: 255}.get(target.dtype, float('nan') if target.ndim == 1 else 0))
    total, count = build(name)(pred, target, torch.zeros_like(valid))
    value = global_ratio(total, count)
    value.backward()
    assert value == 0 and (count == 0).all()
    assert (pred.grad == 0).all()


@pytest.mark.parametrize('name', NAMES)
def test_invalid_places_change_nothing(name):
    pred, target, valid = case(name)
    total, count = build(name)(pred, target, valid)
    other_pred, other_target = pred.clone(), target.clone()
    other_pred.movedim(1, -1)[~valid] = 7.0
    mask = valid if target.ndim == valid.ndim else valid[:, None].expand_as(target)
    other_target[~mask] = 1
    again, count_again = build(name)(other_pred, other_target, valid)
    assert torch.equal(total, again) and torch.equal(count, count_again)


@pytest.mark.parametrize('name', NAMES)
def test_permuting_the_batch_permutes(name):
    pred, target, valid = case(name)
    order = torch.tensor([2, 0, 1])
    total, count = build(name)(pred, target, valid)
    permuted, permuted_count = build(name)(pred[order], target[order], valid[order])
    assert torch.equal(total[order], permuted) and torch.equal(count[order], permuted_count)


@pytest.mark.parametrize('name', NAMES)
def test_autocast_does_not_lower_the_precision(name):
    pred, target, valid = case(name)
    expected, _ = build(name)(pred, target, valid)
    with torch.autocast('cpu', torch.bfloat16):
        total, _ = build(name)(pred, target, valid)
    torch.testing.assert_close(total, expected, rtol=1e-6, atol=1e-6)
