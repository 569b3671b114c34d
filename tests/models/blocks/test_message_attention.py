import pytest
import torch
from torch.nn import functional as F

from mtkd.models.blocks.message_attention import MessageAttention, MessageBlock, resized


def maps(height, width, tasks=2, channels=8, batch=2, seed=0):
    return torch.randn(batch, tasks, channels, height, width, generator=torch.Generator().manual_seed(seed))


def made(kind, *args, **kwargs):
    torch.manual_seed(0)
    part = kind(*args, **kwargs).eval()
    for parameter in part.parameters():
        parameter.data.add_(0.1 * torch.randn(parameter.shape))
    return part


def by_hand(part, given, head, scale):
    """One head: queries of every second position of both tasks, T h' w' x 4; coarse positions of both, T hk wk x 4."""
    own = slice(4 * head, 4 * head + 4)
    conv, norm = part.ask
    asked, pooled = [], []
    for t in range(2):
        of_task = slice(8 * t, 8 * t + 8)
        depthwise = F.conv2d(given[:, t], conv.weight[of_task], stride=2, padding=1, groups=8)
        depthwise = F.batch_norm(depthwise, norm.running_mean[of_task], norm.running_var[of_task], norm.weight[of_task],
                                 norm.bias[of_task])
        asked.append(depthwise.flatten(2))
        rows = [slice(i, i + part.pool) for i in range(0, given.shape[3], part.pool)]
        columns = [slice(i, i + part.pool) for i in range(0, given.shape[4], part.pool)]
        pooled.append(torch.stack([given[:, t, :, r, c].mean((2, 3)) for r in rows for c in columns], 2))
    asked, pooled = torch.cat(asked, 2).mT, torch.cat(pooled, 2).mT
    query, key, value = part.query(asked)[..., own], part.key(pooled)[..., own], part.value(pooled)[..., own]
    return query @ key.mT * scale, value


@pytest.mark.parametrize('released, scale', [(False, 4 ** -0.5), (True, 8 ** -0.5)])
def test_every_second_place_asks_coarse_places_of_all_tasks(released, scale):
    part, given = made(MessageAttention, 2, 8, 2, pool=2, faithful_to_release=released), maps(5, 6)
    taken, scores = part(given)
    assert taken.shape == (2, 2, 8, 3, 3) and scores.shape == (2, 2, 2 * 3 * 3, 2, 3, 3)
    heads = []
    for head in range(2):
        expected, value = by_hand(part, given, head, scale)
        torch.testing.assert_close(scores[:, head].flatten(2).mT, expected)
        heads.append(expected.softmax(2) @ value)
    expected = part.project(torch.cat(heads, 2))
    torch.testing.assert_close(taken.flatten(3), expected.unflatten(1, (2, 9)).mT)


def test_scores_of_the_stage_before_are_resized_and_mixed_in_before_softmax():
    part, given = made(MessageAttention, 2, 8, 2, pool=4, receives=True), maps(10, 12)
    message = torch.randn(2, 2, 2 * 3 * 3, 2, 3, 3, generator=torch.Generator().manual_seed(1))
    taken, scores = part(given, message)
    assert scores.shape == (2, 2, 18, 2, 5, 6)
    plain, values = zip(*(by_hand(part, given, head, 0.5) for head in range(2)), strict=True)
    finer = torch.stack([F.interpolate(message[:, :, k, t], size=(5, 6), mode='bilinear') for k in range(18)
                         for t in range(2)], 2).unflatten(2, (18, 2)).flatten(3).mT  # (B, heads, T h w, K)
    heads = []
    for head in range(2):
        weights = part.mix.weight[head, :, 0, 0]
        mixed = sum(weights[j] * plain[j] + weights[2 + j] * finer[:, j] for j in range(2))
        torch.testing.assert_close(scores[:, head].flatten(2).mT, mixed)
        heads.append(mixed.softmax(2) @ values[head])
    torch.testing.assert_close(taken.flatten(3), part.project(torch.cat(heads, 2)).unflatten(1, (2, 30)).mT)


def test_the_same_keys_on_every_stage():
    """Grids are halved towards finer stages and pooling doubles: ceil(ceil(h / 2^i) / 2^j) is ceil(h / 2^(i + j)) for any
    image.
    """
    for height, width in ((7, 9), (1, 5), (8, 12)):
        keys = []
        for pool, finer in ((2, 1), (4, 2), (8, 4)):
            given = maps(-(-height * finer // 4), -(-width * finer // 4), channels=4)
            keys.append(MessageAttention(2, 4, 2, pool)(given)[1].shape[2])
        assert keys == [2 * -(-height // 8) * -(-width // 8)] * 3


def test_scores_stay_float32():
    part, given = made(MessageAttention, 2, 8, 2, pool=2, receives=True), maps(4, 4)
    message = torch.zeros(2, 2, 8, 2, 1, 1)
    with torch.autocast('cpu', torch.bfloat16):
        taken, scores = part(given, message)
    assert scores.dtype == torch.float32 and taken.dtype == torch.bfloat16
    torch.testing.assert_close(taken.float(), part(given, message)[0], rtol=0.05, atol=0.05)


def test_the_block_is_two_residuals():
    part, given = made(MessageBlock, 2, 8, 2, 2), maps(5, 6)
    out, scores = part(given)
    taken, expected = part.attend(F.layer_norm(given.movedim(2, -1), (8,), part.norm.weight, part.norm.bias).movedim(-1, 2))
    assert torch.equal(scores, expected)
    up = torch.stack([F.interpolate(taken[:, t], size=(5, 6), mode='bilinear') for t in range(2)], 1)
    first = (given + up).movedim(2, -1)
    torch.testing.assert_close(out, (first + part.think(first)).movedim(-1, 2))


def test_a_dropped_path_is_of_whole_samples_and_inert_as_released():
    given = maps(2, 2, batch=64)
    torch.manual_seed(0)
    kept = (MessageBlock(2, 8, 2, 2, drop_path=0.5).train()(given)[0] == given).flatten(1).all(1)
    assert 4 < int(kept.sum()) < 32, 'both branches are skipped by about a quarter of the samples'
    released = MessageBlock(2, 8, 2, 2, drop_path=0.5, faithful_to_release=True).train()
    assert not (released(given)[0] == given).flatten(1).all(1).any()
    torch.testing.assert_close(released(given)[0], released(given)[0])


def test_resized():
    given = maps(3, 4)
    assert resized(given, (3, 4)) is given
    expected = F.interpolate(given[:, 1], size=(5, 8), mode='bilinear', align_corners=False)
    torch.testing.assert_close(resized(given, (5, 8))[:, 1], expected)
    torch.testing.assert_close(resized(given[:, 1], torch.Size((5, 8))), expected)
