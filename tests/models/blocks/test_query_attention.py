import pytest
import torch
from torch.nn import functional as F

from mtkd.models.blocks.query_attention import CrossAttention, PixelDecoder, QueryEncoder, QueryExchange, feed_forward


def tokens(count, batch=2, channels=8, seed=0):
    return torch.randn(batch, count, channels, generator=torch.Generator().manual_seed(seed))


def made(kind, *args, **kwargs):
    torch.manual_seed(0)
    return kind(*args, **kwargs).eval()


def test_attention_head_by_head_with_places():
    part, query, memory = made(CrossAttention, 8, 2), tokens(3), tokens(5, seed=1)
    at, of = tokens(3, 1, seed=2), tokens(5, 1, seed=3)
    q = part.query(part.norm_query(query + at))
    k = part.key(part.norm_key(memory + of))
    v = part.value(part.norm_value(memory))
    heads = [(q[..., s] @ k[..., s].mT / 2).softmax(-1) @ v[..., s] for s in (slice(0, 4), slice(4, 8))]
    torch.testing.assert_close(part(query, memory, at, of), part.project(torch.cat(heads, 2)))


def test_the_encoder_is_three_residuals():
    part, query, pixels, place = made(QueryEncoder, 8, 2, 0.5), tokens(3), tokens(6, seed=1), tokens(3, 1, seed=2)
    first = query + part.attend(query, pixels, place)
    second = first + part.reason(first)
    torch.testing.assert_close(part(query, pixels, place), second + part.think(second))


def test_the_exchange_is_within_a_sample():
    part, queries = made(QueryExchange, 8, 2, 0.1, 0.5), tokens(6)
    torch.testing.assert_close(part(queries)[:1], part(queries[:1]))
    first = queries + part.attend(queries, queries, queries)[0]
    torch.testing.assert_close(part(queries), first + part.think(first))


def test_the_decoder_is_two_residuals_and_as_released_four():
    pixels, queries, place = tokens(6), tokens(3, seed=1), tokens(3, 1, seed=2)
    part = made(PixelDecoder, 8, 2, 0.1)
    first = pixels + part.attend(pixels, queries, memory_place=place)
    torch.testing.assert_close(part(pixels, queries, place), F.gelu(first + part.think(first)))
    part = made(PixelDecoder, 8, 2, 0.1, faithful_to_release=True)
    first = pixels + part.attend(pixels, queries, memory_place=place)
    first = first + part.think(first)
    per_place = [part.across(first[:, p:p + 1], first[:, p:p + 1], first[:, p:p + 1])[0] for p in range(6)]
    second = pixels + torch.cat(per_place, 1)  # the first attention's residual is dropped
    torch.testing.assert_close(part(pixels, queries, place), F.gelu(second + part.again(second)))


def test_a_dropped_path_is_of_whole_samples():
    torch.manual_seed(0)
    part, queries = QueryExchange(8, 2, 0.0, 0.5).train(), tokens(4, batch=64)
    kept = (part(queries) == queries).flatten(1).all(1)
    assert 4 < int(kept.sum()) < 32, 'both branches are skipped by about a quarter of the samples'


@pytest.mark.parametrize('hidden', [8, 24])
def test_feed_forward(hidden):
    part, given = made(feed_forward, 8, hidden), tokens(3)
    torch.testing.assert_close(part(given), part[3](F.gelu(part[1](F.layer_norm(given, (8,))))))
