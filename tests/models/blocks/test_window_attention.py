import pytest
import torch
from timm.models.swin_transformer import SwinTransformerBlock
from torch.nn import functional as F

from mtkd.models.blocks.window_attention import SwinBlock, SwinStage, WindowAttention, Windows


def feature(height, width, channels=8, batch=2, seed=0):
    return torch.randn(batch, height, width, channels, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize('shifted', [False, True])
@pytest.mark.parametrize('size', [(8, 12), (7, 9), (3, 2)])
def test_cutting_and_joining_gives_the_map_back(size, shifted):
    windows, given = Windows(4, shifted), feature(*size)
    cut = windows.split(given)
    assert cut.shape == (2, -(-size[0] // 4) * -(-size[1] // 4), 16, 8)
    assert torch.equal(windows.join(cut, *size), given)


def test_windows_are_neighbours_row_by_row():
    places = torch.arange(6 * 8).view(1, 6, 8, 1)
    plain, moved = Windows(2, False).split(places)[0, :, :, 0], Windows(2, True).split(places)[0, :, :, 0]
    assert plain[[0, 1, 4]].tolist() == [[0, 1, 8, 9], [2, 3, 10, 11], [16, 17, 24, 25]]
    assert moved[0].tolist() == [9, 10, 17, 18]


@pytest.mark.parametrize('size', [(12, 8), (7, 9)])
def test_what_a_move_brings_together_is_apart(size):
    windows = Windows(4, True)
    height, width = (length + -length % 4 for length in size)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    place = windows.split(torch.stack([rows, columns], -1)[None].float())[0]  # (W, 16, 2)
    far = ((place[:, :, None] - place[:, None]).abs() >= 4).any(-1)  # without the shift, no window contains such a pair
    apart = windows.apart(*size, torch.device('cpu'))
    assert torch.equal(apart[:, 0], far) and far.any() and Windows(4, False).apart(*size, torch.device('cpu')) is None


def test_values_of_another_feature_are_mixed_by_queries_and_keys_of_one():
    torch.manual_seed(0)
    part = WindowAttention(8, 2, 3)
    asking, answering = (torch.randn(2, 5, 9, 8) for _ in range(2))
    query, key = part.query_key(asking).chunk(2, -1)
    value = part.value(answering)
    heads = []
    for head in range(2):
        of = slice(4 * head, 4 * head + 4)
        scores = query[..., of] @ key[..., of].mT / 2
        for p in range(9):
            for q in range(9):
                down, right = p // 3 - q // 3 + 2, p % 3 - q % 3 + 2
                scores[:, :, p, q] += part.bias[5 * down + right, head]
        heads.append(scores.softmax(-1) @ value[..., of])
    torch.testing.assert_close(part(asking, answering), part.project(torch.cat(heads, -1)))


@pytest.mark.parametrize('shifted', [False, True])
def test_the_block_is_timms_where_windows_divide_the_map(shifted):
    torch.manual_seed(0)
    block = SwinBlock(8, 2, 4, shifted)
    theirs = SwinTransformerBlock(8, (8, 12), num_heads=2, window_size=4, shift_size=2 if shifted else 0)
    renamed = {'norm1': block.norm, 'attn.proj': block.attend.project, 'norm2': block.think[0], 'mlp.fc1': block.think[1][0],
               'mlp.fc2': block.think[1][2]}
    state = {f'{name}.{key}': value for name, part in renamed.items() for key, value in part.state_dict().items()}
    for key in ('weight', 'bias'):
        state[f'attn.qkv.{key}'] = torch.cat([getattr(block.attend.query_key, key), getattr(block.attend.value, key)])
    state['attn.relative_position_bias_table'] = block.attend.bias
    assert not theirs.load_state_dict(state, strict=False).unexpected_keys
    given = feature(8, 12)
    torch.testing.assert_close(block(given), theirs(given), rtol=1e-4, atol=1e-5)


def test_a_stage_alternates_and_ends_with_a_norm():
    torch.manual_seed(0)
    stage = SwinStage(8, 2, 4, 3)
    first, second, third = stage.blocks
    assert [block.windows.shift for block in stage.blocks] == [0, 2, 0]
    given = feature(7, 9)
    torch.testing.assert_close(stage(given), F.layer_norm(third(second(first(given))), (8,)))


def test_a_shifted_block_sees_over_the_border_of_windows_and_not_across_the_picture():
    torch.manual_seed(0)
    given = feature(8, 8, batch=1).requires_grad_()
    for shifted, seen in ((False, range(4)), (True, range(2))):
        block = SwinBlock(8, 2, 4, shifted)
        reach = torch.autograd.grad(block(given)[0, 0, 0].sum(), given)[0][0].abs().sum(-1) > 0
        assert [row for row in range(8) if reach[row].any()] == list(seen) == [c for c in range(8) if reach[:, c].any()]
