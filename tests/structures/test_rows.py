"""Routing: the samples that each part of a step processes."""

import pytest
import torch
from torch import nn

from mtkd.structures import Routing, RoutingPlan, joined, row_wise

A, B, NOT_A = frozenset({('a', 'labelled')}), frozenset({('b', 'labelled')}), frozenset({('a', 'unlabelled')})


def routing(a, b, *pairs):
    plan = RoutingPlan(frozenset({None, A, B, NOT_A, A | B}), frozenset(pairs))
    return Routing({'a': torch.tensor(a), 'b': torch.tensor(b)}, plan, 'cpu')


def test_labelled_unlabelled_and_both():
    made = routing([True, False, True, False], [False, False, True, False])
    assert made.rows(A).numbers == (0, 2) and made.rows(A).index.tolist() == [0, 2]
    assert made.rows(NOT_A).numbers == (1, 3)
    assert made.rows(A | B).numbers == (0, 2)
    assert made.rows(None) is None


def test_a_route_of_all_samples_needs_no_index():
    made = routing([True, True], [True, False])
    assert made.rows(A) is None
    tensor = torch.arange(2)
    assert made.pick(tensor, A) is tensor


def test_the_first_sample_stands_in_for_none():
    made = routing([False, False], [True, False], (A, A | B))
    assert made.rows(A).numbers == (0,)
    made = routing([False, False, False], [False, False, True], (A, A | B))
    assert made.pick(torch.tensor([2.0]), A, A | B).tolist() == [2.0]


def test_rows_of_a_part_out_of_rows_of_a_whole():
    made = routing([True, False, True, False, False], [False, True, True, False, False], (A, A | B), (B, A | B))
    whole = torch.tensor([0, 1, 2])  # samples 0, 1 and 2
    assert made.pick(whole, A, A | B).tolist() == [0, 2]
    assert made.pick(whole, B, A | B).tolist() == [1, 2]
    assert made.pick(torch.arange(5), B).tolist() == [1, 2]
    assert made.pick(whole, A | B, A | B) is whole


def test_gradients_of_left_out_samples_are_zero():
    made = routing([True, False, True], [True, True, True])
    tensor = torch.ones(3, 2, requires_grad=True)
    made.pick(tensor, A).sum().backward()
    assert tensor.grad.tolist() == [[1, 1], [0, 0], [1, 1]]


def test_joined():
    assert joined([A, B]) == A | B
    assert joined([A, None]) is None
    assert joined([A, NOT_A]) is None
    assert joined([A]) == A


@pytest.mark.parametrize(('module', 'expected'), [
    (nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU()), True), (nn.LayerNorm(3), True), (nn.GroupNorm(1, 2), True),
    (nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)), False), (nn.SyncBatchNorm(1), False), (nn.Dropout2d(0.1), False),
    (nn.Dropout(0.0), True)])
def test_what_looks_across_samples(module, expected):
    assert row_wise(module) is expected


def test_a_module_can_say_that_it_looks_across_samples():
    class Mixed(nn.Module):
        across_samples = True

    assert not row_wise(nn.Sequential(Mixed()))
