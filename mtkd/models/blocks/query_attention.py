"""Attention between pixels and a few learned queries, as in MQTransformer."""

from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth


class CrossAttention(nn.Module):
    """Multi-head attention with layer norm of queries, keys and values, after adding position embeddings.

    Args:
        channels: number of channels of tokens.
        heads: number of attention heads, a divisor of ``channels``.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_query, self.norm_key, self.norm_value = (nn.LayerNorm(channels) for _ in range(3))
        self.query, self.key, self.value = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        self.project = nn.Linear(channels, channels)

    def forward(self, query: Tensor, memory: Tensor, query_place: Tensor | None = None,
                memory_place: Tensor | None = None) -> Tensor:
        """Attend from (B, L, C) to (B, S, C) -> (B, L, C); position embeddings are (1, L, C) and (1, S, C)."""
        placed_query = query if query_place is None else query + query_place
        placed_memory = memory if memory_place is None else memory + memory_place
        parts = (self.query(self.norm_query(placed_query)), self.key(self.norm_key(placed_memory)),
                 self.value(self.norm_value(memory)))
        split = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in parts)
        return self.project(F.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2))


def feed_forward(channels: int, hidden: int) -> nn.Sequential:
    """Layer norm, linear, GELU, linear."""
    return nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels))


class QueryEncoder(nn.Module):
    """Queries attend to the pixels of a task: attention, a normed linear layer and a feed-forward network, each with a
    residual.

    Args:
        channels: number of channels of tokens.
        heads: number of heads of the attention.
        drop_path: probability that a sample skips the attention and the feed-forward network.
    """

    def __init__(self, channels: int, heads: int, drop_path: float) -> None:
        super().__init__()
        self.attend = CrossAttention(channels, heads)
        self.reason = nn.Sequential(nn.LayerNorm(channels), nn.Linear(channels, channels, bias=False))
        self.think = feed_forward(channels, channels)
        self.skip = StochasticDepth(drop_path, 'row')

    def forward(self, queries: Tensor, pixels: Tensor, place: Tensor) -> Tensor:
        """(B, Q, C) queries, (B, hw, C) pixels, (1, Q, C) position embeddings -> (B, Q, C)."""
        queries = queries + self.skip(self.attend(queries, pixels, query_place=place))
        queries = queries + self.reason(queries)
        return queries + self.skip(self.think(queries))


class QueryExchange(nn.Module):
    """Attention between all tasks' queries, then a feed-forward network, each with a residual.

    Args:
        channels: number of channels of tokens.
        heads: number of heads of the attention.
        dropout: dropout rate of the attention weights.
        drop_path: probability that a sample skips either.
    """

    def __init__(self, channels: int, heads: int, dropout: float, drop_path: float) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(channels, heads, dropout=dropout, batch_first=True)
        self.think = nn.Sequential(nn.LayerNorm(channels), feed_forward(channels, channels))
        self.skip = StochasticDepth(drop_path, 'row')

    def forward(self, queries: Tensor) -> Tensor:
        """(B, T Q, C) -> the same."""
        queries = queries + self.skip(self.attend(queries, queries, queries, need_weights=False)[0])
        return queries + self.skip(self.think(queries))


class PixelDecoder(nn.Module):
    """Pixels attend to the queries of their task: attention and a feed-forward network three times as wide, both residual;
    GELU.

    Args:
        channels: number of channels of tokens.
        heads: number of heads of the attention.
        drop_path: probability that a sample skips either.
        faithful_to_release: the additions of the released code: attention of each position over the samples of the batch,
            the pixels of before the first attention as its residual, and a second feed-forward network (fact sheet 5.4).
    """

    def __init__(self, channels: int, heads: int, drop_path: float, faithful_to_release: bool = False) -> None:
        super().__init__()
        self.attend = CrossAttention(channels, heads)
        self.think = feed_forward(channels, 3 * channels)
        self.across = nn.MultiheadAttention(channels, heads) if faithful_to_release else None
        self.again = feed_forward(channels, 3 * channels) if faithful_to_release else None
        self.skip = StochasticDepth(drop_path, 'row')

    def forward(self, pixels: Tensor, queries: Tensor, place: Tensor) -> Tensor:
        """(B, hw, C) pixels, (B, Q, C) queries, (1, Q, C) places -> (B, hw, C)."""
        asked = pixels + self.skip(self.attend(pixels, queries, memory_place=place))
        asked = asked + self.skip(self.think(asked))
        if self.across is not None and self.again is not None:
            # need_weights selects plain matrix products: fused kernels limit the number of positions
            asked = pixels + self.skip(self.across(asked, asked, asked, need_weights=True, average_attn_weights=False)[0])
            asked = asked + self.skip(self.again(asked))
        return F.gelu(asked)
