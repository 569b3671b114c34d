"""MQTransformer: exchange between tasks through learned queries."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...registry import NECKS
from ..blocks.query_attention import PixelDecoder, QueryEncoder, QueryExchange
from ..net import Taps, TapSpec
from .concat import ConcatNeck
from .task_neck import check_tasks, conv_bn_relu


@NECKS.register_module()
class MQTNeck(nn.Module):
    """Multi-query transformer: queries attend to the pixels of their task, then to all queries; pixels attend to the
    queries.

    All scales are concatenated (``shared``) and projected to 256 channels by a linear layer per task, ``<task>.own``.
    Encoder, exchange and decoder (:mod:`mtkd.models.blocks.query_attention`) share their weights between tasks; queries and
    their position embeddings are task-specific. A 3x3 convolution with norm and ReLU reduces the result to a quarter of the
    width, ``<task>.in``, which :class:`~mtkd.models.heads.LogitsHead` reads.

    Source: Xu et al. 2023, fact sheet 4.3, 5.4 and 7. With ``faithful_to_release`` and HRNet18 on NYUD, neck and heads have
    3.143 M parameters; the table's 4.457 M also count 1.314 M that the released code builds and never uses (a patch
    embedding, a second attention, relative places), which are not built here.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        out_channels: task -> channels of its output; given by the network.
        channels: width of the tokens.
        heads: number of heads of every attention layer.
        queries: Q, the number of queries per task.
        dropout: dropout rate of the attention weights between queries.
        drop_path: probability that a sample skips a branch of the queries' exchange; .1 in encoder and decoder, as released.
        lateral_channels: see :class:`~mtkd.models.necks.ConcatNeck`.
        faithful_to_release: see :class:`~mtkd.models.blocks.query_attention.PixelDecoder`; outputs of a sample then depend
            on the others of its batch.

    Attributes:
        tap_specs: channels and stride of every tap it makes.

    Raises:
        ValueError: fewer than two tasks, ``channels`` is not divisible by ``heads`` or 4, or there are no queries.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 256, heads: int = 4, queries: int = 64, dropout: float = 0.1, drop_path: float = 0.5,
                 lateral_channels: int | None = None, faithful_to_release: bool = False) -> None:
        super().__init__()
        self.tasks = check_tasks(self, out_channels)
        if channels % heads or channels % 4 or queries < 1:
            raise ValueError(f'MQTNeck: channels={channels}, heads={heads}, queries={queries}; channels must be divisible '
                             f'by 4 and by heads, and queries must be 1 or more.')
        self.concat = ConcatNeck(in_channels, strides, lateral_channels)
        wide, stride = self.concat.out_channels, self.concat.stride
        self.embed = nn.ModuleDict({task: nn.Linear(wide, channels) for task in self.tasks})
        self.queries = _learned(self.tasks, queries, channels)
        self.ask_places = _learned(self.tasks, queries, channels // heads)
        self.answer_places = _learned(self.tasks, queries, channels // heads)
        self.heads = heads
        self.encoder = QueryEncoder(channels, heads, 0.1)
        self.exchange = QueryExchange(channels, heads, dropout, drop_path)
        self.decoder = PixelDecoder(channels, heads, 0.1, faithful_to_release)
        self.narrow = nn.ModuleDict({task: conv_bn_relu(channels, channels // 4, 3) for task in self.tasks})
        self.tap_specs = {'shared': TapSpec(wide, stride)}
        for task in self.tasks:
            self.tap_specs[f'{task}.own'] = TapSpec(channels, stride)
            self.tap_specs[f'{task}.in'] = TapSpec(channels // 4, stride)

    def forward(self, features: list[Tensor]) -> Taps:
        """List of (B, C_i, h_i, w_i), finest first -> every tap of :attr:`tap_specs`."""
        shared = self.concat(features)
        batch, size = shared.shape[0], shared.shape[2:]
        places = shared.flatten(2).transpose(1, 2)
        pixels = {task: embed(places) for task, embed in self.embed.items()}
        gathered = [self.encoder(self.queries[task].repeat(batch, 1, 1), pixels[task], self._place(self.ask_places[task]))
                    for task in self.tasks]
        exchanged = self.exchange(torch.cat(gathered, 1)).chunk(len(self.tasks), 1)
        taps = {'shared': shared}
        for task, queries in zip(self.tasks, exchanged, strict=True):
            asked = self.decoder(pixels[task], queries, self._place(self.answer_places[task]))
            taps[f'{task}.own'] = pixels[task].transpose(1, 2).unflatten(2, size)
            taps[f'{task}.in'] = self.narrow[task](asked.transpose(1, 2).unflatten(2, size))
        return taps

    def _place(self, learned: Tensor) -> Tensor:
        """(1, Q, C / heads) -> (1, Q, C), the same for every head."""
        return learned.repeat(1, 1, self.heads)


def _learned(tasks: Sequence[str], count: int, channels: int) -> nn.ParameterDict:
    return nn.ParameterDict({task: nn.init.trunc_normal_(nn.Parameter(torch.empty(1, count, channels)), std=0.02)
                             for task in tasks})
