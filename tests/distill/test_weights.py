import argparse
from pathlib import Path

import pytest
import torch
from torch import nn

from mtkd.distill import load_weights, weights_hash

from .nets import TinyNet


@pytest.mark.parametrize('wrap', [
    lambda state: state,
    lambda state: {'state_dict': state, 'meta': {'epoch': 3}},
    lambda state: {'state_dict': {**{f'net.{k}': v for k, v in state.items()}, 'distiller.links.0.w': torch.zeros(2)}}])
def test_loads_plain_wrapped_and_whole_model_checkpoints(tmp_path, wrap):
    source, target = TinyNet(seed=1), TinyNet(seed=2)
    torch.save(wrap(source.state_dict()), tmp_path / 'a.pth')
    assert weights_hash(source) != weights_hash(target)
    load_weights(target, tmp_path / 'a.pth')
    assert weights_hash(source) == weights_hash(target)


def test_missing_file_names_path_and_command(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        load_weights(TinyNet(), tmp_path / 'none.pth', made_by='configs/kdam/swinL_nyud.py')
    assert 'none.pth' in str(error.value) and 'mtkd train configs/kdam/swinL_nyud.py' in str(error.value)


def test_wrong_keys_and_shapes_are_named_and_nothing_is_loaded(tmp_path):
    state = TinyNet(width=6, semseg=5).state_dict() | {'stem.9.weight': torch.zeros(1)}
    torch.save(state, tmp_path / 'a.pth')
    net = TinyNet()
    before = weights_hash(net)
    with pytest.raises(ValueError) as error:
        load_weights(net, tmp_path / 'a.pth')
    message = str(error.value)
    assert 'it lacks feats.depth.weight' in message and 'stem.9.weight' in message and '\n' not in message
    assert 'stem.0.weight is (6, 3, 3, 3) instead of (4, 3, 3, 3)' in message and 'and 6 more' in message
    assert weights_hash(net) == before


@pytest.mark.parametrize('content', [{'state_dict': {'a': 1}}, torch.zeros(3), {'state_dict': [1]}])
def test_what_is_no_state_dict_is_refused(tmp_path, content):
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='not a state dict'):
        load_weights(TinyNet(), tmp_path / 'a.pth')


def test_code_and_garbage_are_refused(tmp_path):
    torch.save({'state_dict': {}, 'args': argparse.Namespace(a=Path())}, tmp_path / 'a.pth')
    (tmp_path / 'b.pth').write_bytes(b'no checkpoint')
    (tmp_path / 'c.pth').write_bytes(b'')
    for name in ('a.pth', 'b.pth', 'c.pth'):
        with pytest.raises(ValueError, match=name):
            load_weights(TinyNet(), tmp_path / name)


def test_hash_sees_buffers_types_and_names():
    net = TinyNet()
    first = weights_hash(net)
    net.stem[1].running_mean += 1e-3
    second = weights_hash(net)
    assert len({first, second, weights_hash(TinyNet().to(torch.bfloat16))}) == 3
    assert weights_hash(TinyNet()) == first and weights_hash(nn.Sequential(TinyNet())) != first
