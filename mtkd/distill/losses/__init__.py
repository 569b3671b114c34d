"""Distillation losses, one idea a file."""

from .attention_transfer import AttentionTransfer
from .cauchy_schwarz import CauchySchwarz, cs_divergence
from .dist import DIST
from .distill_loss import DistillLoss
from .fitnets import FitNets
from .kl import PlainKD, kl_divergence
from .normalised_l2 import NormalisedL2
from .output import OutputL1, OutputMSE

__all__ = ['DIST', 'AttentionTransfer', 'CauchySchwarz', 'DistillLoss', 'FitNets', 'NormalisedL2', 'OutputL1',
           'OutputMSE', 'PlainKD', 'cs_divergence', 'kl_divergence']
