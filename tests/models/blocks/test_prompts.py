import pytest
import torch
from timm.models.vision_transformer import Block
from torch.nn import functional as F

from mtkd.models.blocks.prompts import PromptBlock, joined, windowed


def parts(faithful=False, grid=(4, 6), **options):
    torch.manual_seed(0)
    return PromptBlock(8, grid, 2, faithful), Block(8, 2, qkv_bias=True, **options).eval()


def tokens(size=(4, 6)):
    rng = torch.Generator().manual_seed(1)
    return torch.randn(2, 3, 8, generator=rng), torch.randn(2, size[0] * size[1], 8, generator=rng)


def test_windows_there_and_back():
    maps = torch.arange(2 * 3 * 24.0).reshape(2, 3, 4, 6)
    parted = windowed(maps, 2)
    assert parted.shape == (2, 4, 3, 6)
    assert parted[0, 1, 2].tolist() == maps[0, 2, :2, 3:].flatten().tolist(), 'the second window is at the right'
    assert torch.equal(joined(parted, 2, (4, 6)), maps)


@pytest.mark.parametrize('faithful', [False, True])
def test_written_out(faithful):
    beside, block = parts(faithful)
    prompts, places = tokens()
    normed = block.norm1(torch.cat((prompts, places), 1))
    attended = block.attn(normed)
    own = F.linear(normed[:, :3], beside.to_places.weight, beside.to_places.bias).unflatten(-1, (4, 6))
    maps = normed[:, 3:].mT.unflatten(-1, (4, 6))
    read, scores = torch.empty_like(own), torch.empty(2, 3, 8, 2, 2)
    for i, rows in enumerate((slice(0, 2), slice(2, 4))):
        for j, columns in enumerate((slice(0, 3), slice(3, 6))):
            near = torch.einsum('bthw,bchw->btc', own[..., rows, columns], maps[..., rows, columns])
            scores[..., i, j] = near
            weights = (near / 6 ** 0.5).softmax(-1)
            read[..., rows, columns] = torch.einsum('btc,bchw->bthw', weights, maps[..., rows, columns])
    extra = beside.from_places((own if faithful else read).flatten(2))
    after_prompts, after_places = prompts + attended[:, :3] + extra, places + attended[:, 3:]
    found = beside(block, prompts, places, (4, 6), True)
    torch.testing.assert_close(found[0], after_prompts + block.mlp(block.norm2(after_prompts)))
    torch.testing.assert_close(found[1], after_places + block.mlp(block.norm2(after_places)))
    torch.testing.assert_close(found[2].channels, scores)
    query, key, _ = block.attn.qkv(normed).unflatten(-1, (3, 2, 4)).unbind(2)  # (B, N, heads, 4)
    raw = torch.einsum('bthd,bnhd->bhtn', query[:, :3], key)
    torch.testing.assert_close(found[2].prompts, raw[..., :3])
    torch.testing.assert_close(found[2].places, raw[..., 3:].unflatten(-1, (4, 6)))


@pytest.mark.parametrize('faithful', [False, True])
def test_affinities_are_given_where_they_are_wanted_and_change_nothing(faithful):
    beside, block = parts(faithful)
    with_them, without = beside(block, *tokens(), (4, 6), True), beside(block, *tokens(), (4, 6), False)
    assert without[2] is None and torch.equal(with_them[0], without[0]) and torch.equal(with_them[1], without[1])


def test_another_grid():
    beside, block = parts()
    prompts, places, affinities = beside(block, *tokens((6, 8)), (6, 8), True)
    assert prompts.shape == (2, 3, 8) and places.shape == (2, 48, 8)
    assert affinities.places.shape == (2, 2, 3, 6, 8) and affinities.channels.shape == (2, 3, 8, 2, 2)


def test_queries_without_bias_and_with_norms():
    torch.manual_seed(0)
    block = Block(8, 2, qkv_bias=False, qk_norm=True).eval()
    beside, (prompts, places) = PromptBlock(8, (4, 6), 2, True), tokens()
    *_, affinities = beside(block, prompts, places, (4, 6), True)
    normed = block.norm1(torch.cat((prompts, places), 1))
    query, key, _ = block.attn.qkv(normed).unflatten(-1, (3, 2, 4)).unbind(2)
    expected = torch.einsum('bthd,bnhd->bhtn', block.attn.q_norm(query)[:, :3], block.attn.k_norm(key))
    torch.testing.assert_close(affinities.prompts, expected[..., :3])


def test_the_last_leaves_the_prompts_as_they_are():
    beside, block = parts()
    torch.manual_seed(0)
    last = PromptBlock(8, (4, 6), 2, False, last=True)
    last.load_state_dict({name: value for name, value in beside.state_dict().items() if 'to_places' in name})
    prompts, places = tokens()
    found, expected = last(block, prompts, places, (4, 6), True), beside(block, prompts, places, (4, 6), True)
    assert torch.equal(found[0], prompts) and torch.equal(found[1], expected[1])
    assert torch.equal(found[2].channels, expected[2].channels)
