"""Files that do not contain weights are described by the message; no code in them is executed."""

import os
import pickle
import re

import pytest
import torch

from mtkd.models.weights_file import prefix_hint, read_weights


class Hostile:
    def __reduce__(self):
        return os.system, ('touch ran',)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'empty.pth').write_bytes(b'')
    (tmp_path / 'text.pth').write_text('hello\n')
    (tmp_path / 'page.pth').write_text('<!doctype html>\n<html>not found</html>\n')
    (tmp_path / 'lfs.pth').write_text('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')
    (tmp_path / 'objects.pth').write_bytes(pickle.dumps(Hostile(), protocol=2))
    torch.save([1, 2], tmp_path / 'list.pth')
    torch.save(torch.zeros(2), tmp_path / 'tensor.pth')
    torch.save({'model': torch.nn.Linear(1, 1)}, tmp_path / 'module.pth')
    torch.save({'a': torch.zeros(1000)}, tmp_path / 'whole.pth')
    (tmp_path / 'short.pth').write_bytes((tmp_path / 'whole.pth').read_bytes()[:900])
    (tmp_path / 'bad.safetensors').write_bytes(bytes(100))
    (tmp_path / 'folder.pth').mkdir()
    return tmp_path


@pytest.mark.parametrize(('name', 'words'), [
    ('empty.pth', 'is empty (0 bytes)'), ('text.pth', 'is a text file'), ('page.pth', 'a web page was downloaded'),
    ('lfs.pth', 'is a Git LFS pointer'), ('objects.pth', 'is truncated or not a checkpoint|contains Python objects'),
    ('module.pth', 'contains Python objects, which are not'), ('list.pth', 'holds a list, not a dictionary of weights'),
    ('tensor.pth', 'holds a Tensor'), ('short.pth', 'is truncated or not a checkpoint'),
    ('bad.safetensors', 'is truncated or not a checkpoint'), ('folder.pth', 'is a folder')])
def test_what_is_no_file_of_weights(folder, name, words):
    with pytest.raises(ValueError, match='|'.join(map(re.escape, words.split('|')))) as caught:
        read_weights(folder / name, 'the weights')
    assert str(caught.value).startswith(f'the weights {folder / name} ') and '\n' not in str(caught.value)
    assert not (folder / 'ran').exists()


def test_weights_are_read(folder):
    assert read_weights(folder / 'whole.pth', 'the weights')['a'].shape == (1000,)
    with pytest.raises(FileNotFoundError, match=r'the weights .*gone\.pth does not exist'):
        read_weights(folder / 'gone.pth', 'the weights')


def test_prefixes():
    own = ['conv.weight', 'conv.bias', 'fc.weight']
    for prefix in ('module.', 'backbone.', 'net.trunk.backbone.body.'):
        assert f"begin with '{prefix}'" in prefix_hint(own, [prefix + key for key in own] + ['other'])
    assert "lack the prefix 'model.'" in prefix_hint([f'model.{key}' for key in own], own)
    assert prefix_hint(own, own) == '' and prefix_hint(own, ['x', 'module.conv.weight']) == '' and prefix_hint([], own) == ''
