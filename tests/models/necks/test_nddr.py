import torch
from torch import nn

from mtkd.models.necks import NDDRNeck

from .scales import CHANNELS, OUT, STRIDES, features


def neck(**changes):
    torch.manual_seed(0)
    return NDDRNeck(CHANNELS, STRIDES, OUT, channels=5, **changes).eval()


def test_it_begins_with_the_diagonal():
    taps = neck(own=0.8, other=0.05)(features())
    mixed = 0.8 * taps['depth.own'] + 0.05 * (taps['semseg.own'] + taps['edge.own'])
    torch.testing.assert_close(taps['depth.in'], (mixed / (1 + 1e-5) ** 0.5).relu())  # fresh statistics: mean 0, variance 1


def test_a_task_reads_all_channels_of_all_tasks():
    net = neck()
    for layer in net.unit.reduce:
        layer[0].weight.data.normal_()
    taps = net(features())
    stacked = torch.cat([taps[f'{task}.own'] for task in OUT], 1)
    for task, layer in zip(OUT, net.unit.reduce, strict=True):
        torch.testing.assert_close(taps[f'{task}.in'], layer[1](torch.einsum(
            'oc,bchw->bohw', layer[0].weight[..., 0, 0], stacked)).relu())


def test_norms_follow_slowly_as_in_the_survey():
    norms = [part for part in neck().unit.modules() if isinstance(part, nn.BatchNorm2d)]
    assert len(norms) == 3 and {norm.momentum for norm in norms} == {0.05}
