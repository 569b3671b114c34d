"""The fields of a results record other than its numbers."""

import pytest
import torch

from mtkd.engine.record import code_version, network_name, peak_memory, versions


def test_versions_and_memory():
    assert versions()['torch'] == torch.__version__.split('+')[0] or versions()['torch'] == torch.__version__
    assert code_version().startswith('0.')
    assert peak_memory(torch.device('cpu')) > 10 ** 7


@pytest.mark.parametrize('net, name', [
    ({'backbone': {'type': 'TimmBackbone', 'name': 'resnet18'}}, 'resnet18'), ({'backbone': {'type': 'SegNet'}}, 'SegNet'),
    ({'trunk': {'type': 'MTAN'}}, 'MTAN')])
def test_name_of_a_network(net, name):
    assert network_name(net) == name
