import pytest
import torch

from mtkd.models.backbones import TimmBackbone
from mtkd.models.blocks.plain_transformer import as_map, embedded, plain_transformer


def test_tokens_are_what_the_blocks_read():
    torch.manual_seed(0)
    backbone = TimmBackbone('test_vit', out_indices=(1, 5), img_size=(64, 96)).eval()
    model = plain_transformer('Trunk', backbone, 'test_vit', 'why')
    tokens, size = embedded(backbone, torch.ones(2, 3, 64, 96))
    assert size == (4, 6) and tokens.shape == (2, 1 + 24, 64)
    for block in model.blocks:
        tokens = block(tokens)
    torch.testing.assert_close(as_map(tokens[:, 1:], size), backbone(torch.ones(2, 3, 64, 96))[1])


def test_other_sizes_are_padded():
    backbone = TimmBackbone('test_vit', img_size=(64, 96), dynamic_img_size=True, pad_multiple=32, out_indices=(5,)).eval()
    assert embedded(backbone, torch.ones(1, 3, 40, 60))[1] == (4, 4)


@pytest.mark.parametrize('options, said', [
    ({'name': 'test_resnet'}, "Trunk: backbone 'x' is not a plain vision transformer.*; it goes beside them"),
    ({'name': 'test_vit', 'out_indices': (5,), 'stage_norm': True}, 'without stage_norm'),
    ({'name': 'test_vit', 'out_indices': (5,), 'patch_size': 2, 'img_size': (16, 24)}, 'patch size of 2 pixels, but it')])
def test_what_is_none_is_said(options, said):
    with pytest.raises(ValueError, match=said):
        plain_transformer('Trunk', TimmBackbone(**options), 'x', 'it goes beside them')
