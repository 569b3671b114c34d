"""F4: distillation: teachers, links between taps, and the distiller that turns them into terms."""

from .distiller import Distiller
from .link import Link
from .losses import DIST, AttentionTransfer, CauchySchwarz, DistillLoss, FitNets, NormalisedL2, OutputL1, OutputMSE, PlainKD
from .projectors import Identity, Linear1x1, NonLinear
from .teacher import MultiTaskTeacher, Teacher
from .weights import load_weights, weights_hash

__all__ = ['DIST', 'AttentionTransfer', 'CauchySchwarz', 'DistillLoss', 'Distiller', 'FitNets', 'Identity', 'Linear1x1',
           'Link', 'MultiTaskTeacher', 'NonLinear', 'NormalisedL2', 'OutputL1', 'OutputMSE', 'PlainKD', 'Teacher',
           'load_weights', 'weights_hash']
