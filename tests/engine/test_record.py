"""What a results record says beside its numbers."""

import pytest
import torch

from mtkd.engine.record import code_version, config_hash, network_name, peak_memory, versions


def test_hash_depends_on_values_not_on_order():
    assert config_hash({'a': 1, 'b': [2, 3]}) == config_hash({'b': [2, 3], 'a': 1})
    assert config_hash({'a': 1}) != config_hash({'a': 2})


def test_versions_and_memory():
    assert versions()['torch'] == torch.__version__.split('+')[0] or versions()['torch'] == torch.__version__
    assert code_version().startswith('0.')
    assert peak_memory(torch.device('cpu')) > 10 ** 7


@pytest.mark.parametrize('net, name', [
    ({'backbone': {'type': 'TimmBackbone', 'name': 'resnet18'}}, 'resnet18'), ({'backbone': {'type': 'SegNet'}}, 'SegNet'),
    ({'trunk': {'type': 'MTAN'}}, 'MTAN')])
def test_name_of_a_network(net, name):
    assert network_name(net) == name


def test_the_hash_of_a_config_is_the_same_for_teachers_of_other_seeds():
    one, two, other = ({'checkpoint': f'work_dirs/{name}/seed{seed}/final.pth'} for name, seed in
                       (('a', 0), ('a', 1), ('b', 0)))
    assert config_hash(one) == config_hash(two) != config_hash(other)
