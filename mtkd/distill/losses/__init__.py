"""Distillation losses, one idea a file."""

from .attention_transfer import AttentionTransfer
from .cauchy_schwarz import CauchySchwarz, cs_divergence
from .dist import DIST
from .distill_loss import DistillLoss
from .fitnets import FitNets
from .kl import PlainKD, kl_divergence
from .normalised_l2 import NormalisedL2
from .output import OutputL1, OutputMSE
from .pseudo_label import PseudoLabel
from .soft_cross_entropy import SoftCrossEntropy

__all__ = ['DIST', 'AttentionTransfer', 'CauchySchwarz', 'DistillLoss', 'FitNets', 'NormalisedL2', 'OutputL1',
           'OutputMSE', 'PlainKD', 'PseudoLabel', 'SoftCrossEntropy', 'cs_divergence', 'kl_divergence']
