"""F4: distillation: teachers, links between taps, and the distiller that turns them into terms."""

from .base_link import BaseLink
from .cross_task import CrossTaskConsistency
from .distiller import Distiller
from .ema_teacher import EMATeacher
from .foreign import ForeignTeacher
from .joint import JointTrunk
from .link import Link
from .losses import DIST, AttentionTransfer, CauchySchwarz, DistillLoss, FitNets, NormalisedL2, OutputL1, OutputMSE, PlainKD
from .losses.pseudo_label import PseudoLabel
from .losses.soft_cross_entropy import SoftCrossEntropy
from .onnx_teacher import OnnxTeacher
from .peer import Peer, PeerLearns, PeerTask
from .projectors import Identity, Linear1x1, NonLinear
from .pseudo_label import PseudoLabels, soft_labels
from .task_contrast import TaskContrast
from .teacher import MultiTaskTeacher, Teacher
from .weights import checkpoint_hash, load_weights, weights_hash

__all__ = ['DIST', 'AttentionTransfer', 'BaseLink', 'CauchySchwarz', 'CrossTaskConsistency', 'DistillLoss', 'Distiller',
           'EMATeacher', 'FitNets', 'ForeignTeacher', 'Identity', 'JointTrunk', 'Linear1x1', 'Link', 'MultiTaskTeacher',
           'NonLinear', 'NormalisedL2', 'OnnxTeacher', 'OutputL1', 'OutputMSE', 'Peer', 'PeerLearns', 'PeerTask',
           'PlainKD', 'PseudoLabel', 'PseudoLabels', 'SoftCrossEntropy', 'TaskContrast', 'Teacher', 'checkpoint_hash',
           'load_weights', 'soft_labels', 'weights_hash']
