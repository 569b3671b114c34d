"""Factor transfer: compares a paraphrased teacher feature with a translated student feature."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .counted_norm import CountedNorm
from .distill_loss import DistillLoss, Method, Terms, mask_at, masked, per_pixel, per_sample


class Coder(nn.Module):
    """3×3 convolutions with optional batch normalisation and leaky ReLU (.1) on valid pixels.

    Args:
        channels: channels of the input and of each layer's output.
        norm: whether there is batch normalisation.
    """

    def __init__(self, channels: Sequence[int], norm: bool) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(channels))
        self.norms = nn.ModuleList(CountedNorm(c) if norm else nn.Identity() for c in channels[1:])
        self.active = nn.LeakyReLU(0.1)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, h, w) -> (B, C', h, w); masked pixels are 0 before each convolution, like padding."""
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = conv(masked(x, mask))
            x = self.active(norm(x, mask) if isinstance(norm, CountedNorm) else x)
        return x


def unit_factor(factor: Tensor, mask: Tensor | None) -> Tensor:
    """(B, C, h, w) -> the same with length 1 per sample, over valid pixels."""
    factor = masked(factor, mask)
    return factor * factor.square().sum((1, 2, 3), keepdim=True).clamp_min(1e-24).rsqrt()


@DISTILL_LOSSES.register_module()
class FactorTransfer(DistillLoss):
    """``ft``: mean absolute difference of two unit factors; ``ft_paraphrase``: the training loss of the teacher's side.

    The paraphraser is an autoencoder of the teacher's feature, trained only by its mean squared reconstruction error; its
    code is the teacher's factor. The translator computes the student's factor. The authors train the paraphraser first and
    then freeze it; here it is trained with the student, and ``ft`` is 0 in the ``first`` fraction of the training. No
    gradient of ``ft`` reaches the paraphraser. The usual weight of ``ft`` is 200 (as released) to 500.

    Args:
        rate: ratio of the factor's channels to the teacher's.
        first: the fraction of the training, 0 to 1, in which only the paraphraser is trained.

    Raises:
        ValueError: ``first`` or ``rate`` is out of range.

    Source: Kim et al., NeurIPS 2018, equations 1 to 3, p = 1; released code: HobbitLong/RepDistiller b84f547
    (``Paraphraser`` without, ``Translator`` with batch normalisation). Its ``FactorTransfer`` averages squares over
    channels before it normalises; the paper, torchdistill and mmrazor (``FTLoss``) normalise the factor itself, as here. The
    decoder has plain convolutions, which are equivalent to transposed ones of stride 1.
    """

    terms = ('ft', 'ft_paraphrase')
    same_channels = False
    spatial = True
    asks = ('progress',)
    method = Method('FT', 'Kim et al. 2018', 'features', note='an autoencoder of the teacher')

    def __init__(self, rate: float = 0.5, first: float = 0.1) -> None:
        super().__init__()
        if not 0 <= first < 1 or not 0 < rate <= 1:
            raise ValueError(f'FactorTransfer: rate={rate} must be above 0 and at most 1, first={first} a fraction of the '
                             f'training below 1.')
        self.rate, self.first = rate, first

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        own, other = student[0], teacher[0]
        width = max(int(other * self.rate), 1)
        self.encoder = Coder((other, other, width, width), norm=False)
        self.decoder = Coder((width, width, other, other), norm=False)
        self.translator = Coder((own, own, width, width), norm=True)

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, *, progress: float) -> Terms:
        """See :class:`DistillLoss`; the views are features (B, C, h, w)."""
        there = mask_at(mask, (teacher.shape[2], teacher.shape[3]))
        code = self.encoder(teacher, there)
        rebuilt = (self.decoder(code, there) - teacher).square().mean(1).flatten(1)
        ours, theirs = unit_factor(self.translator(student, mask), mask), unit_factor(code.detach(), there)
        pixels = ours[0, 0].numel() if mask is None else mask.flatten(1).sum(1).clamp_min(1)
        gap = (ours - theirs).abs().mean(1).sum((1, 2)) / pixels * float(progress >= self.first)
        pixel_mask = None if there is None else there.flatten(1)
        return {'ft': per_sample(gap, mask), 'ft_paraphrase': per_pixel(rebuilt, pixel_mask)}
