"""Distillation losses, one per file."""

from .activation_boundary import ActivationBoundary, activation_boundary
from .aekd import AEKD
from .affinity import Affinity, PairWise
from .attention_transfer import AttentionTransfer
from .bernoulli import BernoulliKD
from .boundary import Boundary
from .camkd import CAMKD
from .camkd_features import CAMKDFeatures
from .cauchy_schwarz import CauchySchwarz, cs_divergence
from .channel_wise import ChannelWise, channel_wise
from .class_memory import ClassMemory
from .confident_label import ConfidentLabel
from .contrastive import CRD
from .correlation_congruence import CorrelationCongruence, correlation_congruence
from .cross_image import CrossImage
from .ctkd import CurriculumTemperature
from .dist import DIST
from .dist_plus import DISTPlus
from .distill_loss import DistillLoss, Method, total
from .dkd import DKD
from .ebkd import EBKD
from .factor_transfer import FactorTransfer
from .feature_distance import CosineFeatures, SmoothL1Features
from .feature_statistics import Standardiser
from .fitnets import FitNets
from .flow import FSP
from .holistic import Holistic
from .intra_class_variation import IFVD
from .kernel_alignment import CKA, kernel_alignment
from .kl import PlainKD, kl_divergence
from .learned_teachers import LearnedTeachers
from .masked_generation import MGD
from .mlkd import MLKD
from .neuron_selectivity import NST, neuron_selectivity
from .nkd import NKD
from .normalised_l2 import NormalisedL2
from .output import OutputL1, OutputMSE
from .output_wrapper import OutputWrapper
from .overhaul import OFD
from .pearson_features import PKD, pearson_features
from .prob_mse import ProbMSE
from .probabilistic_transfer import PKT, probabilistic_transfer
from .pseudo_label import PseudoLabel
from .radio import RadioSpatial, RadioSummary
from .relational import RKD, relational_angle, relational_distance
from .review import ReviewKD
from .scaled_regression import ScaledRegression
from .semantic_calibration import SemCKD
from .several_teachers import AverageKD, SeveralTeachers
from .similarity import SimilarityPreserving, similarity_preserving
from .simkd import SimKD
from .soft_cross_entropy import SoftCrossEntropy
from .standardised import LogitStandardised
from .tf_kd import TeacherFreeKD
from .top_k import TopKTeacher
from .unic import UNIC
from .variational_information import VID
from .wsld import WSLD

__all__ = [
    'AEKD',
    'CAMKD',
    'CKA',
    'CRD',
    'DIST',
    'DKD',
    'EBKD',
    'FSP',
    'IFVD',
    'MGD',
    'MLKD',
    'NKD',
    'NST',
    'OFD',
    'PKD',
    'PKT',
    'RKD',
    'UNIC',
    'VID',
    'WSLD',
    'ActivationBoundary',
    'Affinity',
    'AttentionTransfer',
    'AverageKD',
    'BernoulliKD',
    'Boundary',
    'CAMKDFeatures',
    'CauchySchwarz',
    'ChannelWise',
    'ClassMemory',
    'ConfidentLabel',
    'CorrelationCongruence',
    'CosineFeatures',
    'CrossImage',
    'CurriculumTemperature',
    'DISTPlus',
    'DistillLoss',
    'FactorTransfer',
    'FitNets',
    'Holistic',
    'LearnedTeachers',
    'LogitStandardised',
    'Method',
    'NormalisedL2',
    'OutputL1',
    'OutputMSE',
    'OutputWrapper',
    'PairWise',
    'PlainKD',
    'ProbMSE',
    'PseudoLabel',
    'RadioSpatial',
    'RadioSummary',
    'ReviewKD',
    'ScaledRegression',
    'SemCKD',
    'SeveralTeachers',
    'SimKD',
    'SimilarityPreserving',
    'SmoothL1Features',
    'SoftCrossEntropy',
    'Standardiser',
    'TeacherFreeKD',
    'TopKTeacher',
    'activation_boundary',
    'channel_wise',
    'correlation_congruence',
    'cs_divergence',
    'kernel_alignment',
    'kl_divergence',
    'neuron_selectivity',
    'pearson_features',
    'probabilistic_transfer',
    'relational_angle',
    'relational_distance',
    'similarity_preserving',
    'total',
]
