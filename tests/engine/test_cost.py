"""Parameters and multiply-accumulates against hand counts."""

import torch
from torch import nn

from mtkd.engine.cost import count_macs, count_parameters, measure


def net() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.Conv2d(8, 2, 1))


def test_hand_counts():
    model = net()
    assert count_parameters(model) == 3 * 8 * 9 + 16 + 18
    assert count_macs(model, (10, 12)) == 120 * (3 * 8 * 9 + 16)


def test_measuring_leaves_the_mode_and_statistics_alone():
    model = net().train()
    before = model[1].running_mean.clone()
    cost = measure(model, (8, 8), seconds=0.01)
    assert model.training and torch.equal(before, model[1].running_mean)
    assert cost.images_per_second > 0 and cost.input_size == (8, 8)
