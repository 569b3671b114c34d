"""Distillation losses, one idea a file."""

from .aekd import AEKD
from .attention_transfer import AttentionTransfer
from .bernoulli import BernoulliKD
from .camkd import CAMKD
from .cauchy_schwarz import CauchySchwarz, cs_divergence
from .confident_label import ConfidentLabel
from .ctkd import CurriculumTemperature
from .dist import DIST
from .dist_plus import DISTPlus
from .distill_loss import DistillLoss
from .dkd import DKD
from .ebkd import EBKD
from .feature_statistics import Standardiser
from .fitnets import FitNets
from .kl import PlainKD, kl_divergence
from .learned_teachers import LearnedTeachers
from .mlkd import MLKD
from .nkd import NKD
from .normalised_l2 import NormalisedL2
from .output import OutputL1, OutputMSE
from .output_wrapper import OutputWrapper
from .prob_mse import ProbMSE
from .pseudo_label import PseudoLabel
from .radio import RadioSpatial, RadioSummary
from .scaled_regression import ScaledRegression
from .several_teachers import AverageKD, SeveralTeachers
from .soft_cross_entropy import SoftCrossEntropy
from .standardised import LogitStandardised
from .tf_kd import TeacherFreeKD
from .top_k import TopKTeacher
from .unic import UNIC
from .wsld import WSLD

__all__ = ['AEKD', 'CAMKD', 'DIST', 'DKD', 'EBKD', 'MLKD', 'NKD', 'UNIC', 'WSLD', 'AttentionTransfer', 'AverageKD',
           'BernoulliKD', 'CauchySchwarz', 'ConfidentLabel', 'CurriculumTemperature', 'DISTPlus', 'DistillLoss',
           'FitNets', 'LearnedTeachers', 'LogitStandardised', 'NormalisedL2', 'OutputL1', 'OutputMSE', 'OutputWrapper',
           'PlainKD', 'ProbMSE', 'PseudoLabel', 'RadioSpatial', 'RadioSummary', 'ScaledRegression', 'SeveralTeachers',
           'SoftCrossEntropy', 'Standardiser', 'TeacherFreeKD', 'TopKTeacher', 'cs_divergence', 'kl_divergence']
