"""F4: distillation: teachers, links between taps, and the distiller that computes the loss terms."""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .base_link import BaseLink
    from .cross_task import CrossTaskConsistency
    from .distiller import Distiller
    from .ema_teacher import EMATeacher
    from .foreign import ForeignTeacher
    from .joint import JointTrunk
    from .link import Link
    from .losses import DIST, AttentionTransfer, CauchySchwarz, DistillLoss, FitNets, NormalisedL2, OutputL1, OutputMSE
    from .losses.kl import PlainKD
    from .losses.pseudo_label import PseudoLabel
    from .losses.soft_cross_entropy import SoftCrossEntropy
    from .onnx_teacher import OnnxTeacher
    from .peer import Peer, PeerLearns, PeerTask
    from .projectors import Identity, Linear1x1, NonLinear
    from .pseudo_label import PseudoLabels, soft_labels
    from .task_contrast import TaskContrast
    from .teacher import MultiTaskTeacher, Teacher
    from .weights import checkpoint_hash, load_weights, weights_hash
else:
    __getattr__, __dir__ = lazily(__name__, {
        'base_link': 'BaseLink',
        'cross_task': 'CrossTaskConsistency',
        'distiller': 'Distiller',
        'ema_teacher': 'EMATeacher',
        'foreign': 'ForeignTeacher',
        'joint': 'JointTrunk',
        'link': 'Link',
        'losses': 'DIST AttentionTransfer CauchySchwarz DistillLoss FitNets NormalisedL2 OutputL1 OutputMSE',
        'losses.kl': 'PlainKD',
        'losses.pseudo_label': 'PseudoLabel',
        'losses.soft_cross_entropy': 'SoftCrossEntropy',
        'onnx_teacher': 'OnnxTeacher',
        'peer': 'Peer PeerLearns PeerTask',
        'projectors': 'Identity Linear1x1 NonLinear',
        'pseudo_label': 'PseudoLabels soft_labels',
        'task_contrast': 'TaskContrast',
        'teacher': 'MultiTaskTeacher Teacher',
        'weights': 'checkpoint_hash load_weights weights_hash'})

__all__ = ['DIST', 'AttentionTransfer', 'BaseLink', 'CauchySchwarz', 'CrossTaskConsistency', 'DistillLoss', 'Distiller',
           'EMATeacher', 'FitNets', 'ForeignTeacher', 'Identity', 'JointTrunk', 'Linear1x1', 'Link', 'MultiTaskTeacher',
           'NonLinear', 'NormalisedL2', 'OnnxTeacher', 'OutputL1', 'OutputMSE', 'Peer', 'PeerLearns', 'PeerTask',
           'PlainKD', 'PseudoLabel', 'PseudoLabels', 'SoftCrossEntropy', 'TaskContrast', 'Teacher', 'checkpoint_hash',
           'load_weights', 'soft_labels', 'weights_hash']
