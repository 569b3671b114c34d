"""A head without parameters."""

import pytest
import torch

from mtkd.models import build_net
from mtkd.models.heads import PassThroughHead


def test_feature_and_output_are_what_came_in():
    head, shared = PassThroughHead(5, 5), torch.randn(2, 5)
    assert head.predict(head.feature(shared)) is shared and not list(head.parameters())
    with pytest.raises(ValueError, match='give the neck channels=7'):
        PassThroughHead(5, 7)


def test_tasks_share_the_neck_as_their_classifier():
    net = build_net({'backbone': {'type': 'TimmBackbone', 'name': 'resnet10t', 'out_indices': (1,), 'channels': (4, 4, 4, 4),
                                  'stem_width': 8}, 'neck': {'type': 'PoolNeck', 'channels': 7},
                     'head': {'type': 'PassThroughHead'}}, {'a': 7, 'b': 7})
    taps = net(torch.zeros(2, 3, 32, 32))
    assert taps['a.out'] is taps['b.out'] and taps['a.out'].shape == (2, 7)
