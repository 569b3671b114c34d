"""SKD's holistic term: adversarial training of the student against a critic."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.parametrizations import spectral_norm

from ...registry import DISTILL_LOSSES
from .counted_norm import CountedNorm
from .distill_loss import DistillLoss, Method, Terms, masked, per_sample

SIDE = 65  # side of the critic's input maps


class SelfAttention(nn.Module):
    """x + γ · attention over all positions, with γ initialised to 0.

    Args:
        channels: channels of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query, self.key = nn.Conv2d(channels, channels // 8, 1), nn.Conv2d(channels, channels // 8, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> the same."""
        query, key, value = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        share = (query.mT @ key).softmax(2)
        return x + self.gamma * (value @ share.mT).view_as(x)


class Critic(nn.Module):
    """Four 4×4 convolutions of stride 2 with spectral norm, self-attention after the third and fourth, one number.

    Args:
        channels: channels of the 65×65 maps.
        width: channels of the first layer; doubled from layer to layer.

    Source: the released discriminator (SAGAN's).
    """

    def __init__(self, channels: int, width: int = 64) -> None:
        super().__init__()
        sizes = (channels, width, 2 * width, 4 * width, 8 * width)
        self.norm = CountedNorm(channels)
        self.convs = nn.ModuleList(spectral_norm(nn.Conv2d(a, b, 4, 2, 1)) for a, b in pairwise(sizes))
        self.attentions = nn.ModuleList([SelfAttention(sizes[3]), SelfAttention(sizes[4])])
        self.last = nn.Conv2d(sizes[4], 1, 4)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 65, 65) -> (B,)."""
        x = self.norm(x)
        for i, conv in enumerate(self.convs):
            x = F.leaky_relu(conv(x), 0.1)
            x = self.attentions[i - 2](x) if i >= 2 else x
        return self.last(x).flatten(1).mean(1)


@DISTILL_LOSSES.register_module()
class Holistic(DistillLoss):
    """``holistic``: minus the critic's value of the student's output; ``holistic_critic``: the training loss of the critic.

    The critic's term is its value of the student's output minus that of the teacher's, plus λ times the squared distance
    from 1 of its gradient's length at a random point between the two. It trains only the critic, and ``holistic`` only the
    student, both in one step; the released code alternates them. Outputs are resized to 65×65, the size in the released
    code. It is not 0 at equality, and may be negative. The usual weight is .1 for both terms.

    Args:
        penalty: λ.
        width: channels of the critic's first layer.

    Raises:
        ValueError: ``width`` is odd.

    Source: Liu et al., CVPR 2019, equations 4 and 5, section 3.3; released code:
    irfanICMLL/structure_knowledge_distillation ce208e1 (``CriterionAdv``, wgan-gp, ``sagan_models.py``).
    """

    terms = ('holistic', 'holistic_critic')
    spatial = True
    method = Method('SKD holistic', 'Liu et al. 2019', 'outputs', fits='dense', options={'width': 8},
                    note='a critic, and its gradient')

    def __init__(self, penalty: float = 10.0, width: int = 64) -> None:
        super().__init__()
        if width % 2:
            raise ValueError(f'Holistic: width={width} must be even, because 4 * width must be divisible by 8.')
        self.penalty, self.width = penalty, width

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        self.critic = Critic(student[0], self.width)

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are logits (B, C, h, w)."""
        ours, theirs = (_resized(masked(view, mask)) for view in (student, teacher))
        frozen = {name: value.detach() for name, value in self.critic.named_parameters()}
        pleased = -functional_call(self.critic, frozen, (ours,))
        told = self.critic(ours.detach()) - self.critic(theirs)
        if self.penalty:
            told = told + self.penalty * self._steepness(ours.detach(), theirs)
        return {'holistic': per_sample(pleased, mask), 'holistic_critic': per_sample(told, mask)}

    def _steepness(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """(B,): the squared distance from 1 of the gradient's length."""
        share = torch.rand(len(ours), 1, 1, 1, device=ours.device)
        between = (share * theirs + (1 - share) * ours).requires_grad_()
        with torch.enable_grad():
            slope = torch.autograd.grad(self.critic(between).sum(), between, create_graph=torch.is_grad_enabled())[0]
        return (slope.square().sum((1, 2, 3)).clamp_min(1e-30).sqrt() - 1).square()


def _resized(view: Tensor) -> Tensor:
    if view.shape[2:] == (SIDE, SIDE):
        return view
    return F.interpolate(view, (SIDE, SIDE), mode='bilinear', align_corners=False)
