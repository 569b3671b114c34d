import torch

from mtkd.models import TapSpec, build_net
from mtkd.models.heads import ReusedHead


def test_feature_is_a_map_and_output_a_vector():
    head = ReusedHead(5, 4, teacher_channels=6)
    feature = head.feature(torch.rand(2, 5, 3, 3))
    assert feature.shape == (2, 6, 3, 3) and head.predict(feature).shape == (2, 4)
    frozen = [name for name, part in head.named_parameters() if not part.requires_grad]
    assert frozen == ['classifier.weight', 'classifier.bias']


def test_taps_of_a_network_with_it():
    net = build_net({'backbone': {'type': 'TimmBackbone', 'name': 'resnet10t', 'out_indices': (1, 2)},
                     'neck': {'type': 'OneScaleNeck'}, 'head': {'type': 'ReusedHead', 'teacher_channels': 6}}, {'digit': 10})
    taps = net(torch.rand(2, 3, 32, 32))
    assert net.tap_specs['digit.out'] == TapSpec(10, 0) and net.tap_specs['digit.feat'].channels == 6
    assert taps['digit.out'].shape == (2, 10) and taps['digit.feat'].ndim == 4
