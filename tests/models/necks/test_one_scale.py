import pytest
import torch

from mtkd.models.necks import OneScaleNeck
from mtkd.registry import NECKS


def test_the_last_scale_is_passed_through():
    neck = NECKS.build({'type': 'OneScaleNeck', 'in_channels': [512, 64], 'strides': [32, 1]})
    features = [torch.zeros(1, 512, 1, 1), torch.zeros(1, 64, 2, 2)]
    assert neck(features) is features[1] and (neck.out_channels, neck.stride) == (64, 1)
    assert not list(neck.parameters())


def test_another_scale_and_vectors():
    neck = OneScaleNeck([512, 64], [32, 1], index=0)
    assert (neck.out_channels, neck.stride) == (512, 32)
    vector = torch.zeros(3, 50)
    assert OneScaleNeck([50], [0])([vector]) is vector and OneScaleNeck([50], [0]).stride == 0


@pytest.mark.parametrize('index', [2, -3])
def test_a_scale_that_is_not_there(index):
    with pytest.raises(ValueError, match=f'index={index}, but the backbone returns 2 scales'):
        OneScaleNeck([512, 64], [32, 1], index)
