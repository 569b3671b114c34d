"""Every registered distillation loss, the views it uses, and the dense example of the fact sheet's section 6."""

import torch
from torch import Tensor

from mtkd.distill import DistillLoss, PseudoLabel
from mtkd.distill.losses import CRD, Boundary
from mtkd.registry import DISTILL_LOSSES
from mtkd.structures import global_ratio

CASES = {
    'cs': {'type': 'CauchySchwarz'},
    'cs_sample': {'type': 'CauchySchwarz', 'mode': 'sample'},
    'cs_printed': {'type': 'CauchySchwarz', 'variant': 'printed'},
    'cs_min_mass': {'type': 'CauchySchwarz', 'min_mass': 1.0},
    'dist': {'type': 'DIST', 'beta': 2.0, 'gamma': 0.5},
    'kd': {'type': 'PlainKD'},
    'soft_ce': {'type': 'SoftCrossEntropy'},
    'l1': {'type': 'OutputL1'},
    'mse': {'type': 'OutputMSE'},
    'fitnets': {'type': 'FitNets'},
    'at': {'type': 'AttentionTransfer'},
    'l2_pixel': {'type': 'NormalisedL2'},
    'l2_sample': {'type': 'NormalisedL2', 'norm': 'sample'},
    'pseudo_hard': {'type': 'PseudoLabel'},
    'pseudo_soft': {'type': 'PseudoLabel', 'hard': False},
    'dkd': {'type': 'DKD'},
    'nkd': {'type': 'NKD', 'temperature': 2.0},
    'wsld': {'type': 'WSLD'},
    'mlkd': {'type': 'MLKD', 'temperatures': (4.0, 2.0)},
    'mlkd_rows': {'type': 'MLKD', 'temperatures': (4.0,), 'rows': 64},
    'standardised': {'type': 'LogitStandardised', 'loss': {'type': 'PlainKD', 'tau': 2.0}},
    'ctkd': {'type': 'CurriculumTemperature', 'loss': {'type': 'PlainKD', 'tau': 1.0}},
    'tf_kd': {'type': 'TeacherFreeKD'},
    'bernoulli': {'type': 'BernoulliKD', 'tau': 2.0},
    'prob_mse': {'type': 'ProbMSE'},
    'scaled': {'type': 'ScaledRegression'},
    'scaled_gauss': {'type': 'ScaledRegression', 'shape': 'gauss'},
    'fixmatch': {'type': 'ConfidentLabel', 'threshold': 0.5},
    'top_k': {'type': 'TopKTeacher', 'k': 3, 'loss': {'type': 'SoftCrossEntropy'}},
    'dist_plus': {'type': 'DISTPlus'},
    'radio_summary': {'type': 'RadioSummary'},
    'radio_spatial': {'type': 'RadioSpatial'},
    'sak': {'type': 'RadioSpatial', 'over': 'image'},
    'phi_s': {'type': 'RadioSpatial', 'alpha': 0.0, 'beta': 1.0, 'squared': True, 'standardise': 'phi_s'},
    'unic': {'type': 'UNIC', 'hidden': 4, 'last_hidden': 6, 'drop': 0.0, 'standardise': 'none'},
    'average_kd': {'type': 'AverageKD'},
    'ebkd': {'type': 'EBKD'},
    'camkd': {'type': 'CAMKD'},
    'camkd_features': {'type': 'CAMKDFeatures'},
    'aekd': {'type': 'AEKD'},
    'learned_teachers': {'type': 'LearnedTeachers'},
    'ab': {'type': 'ActivationBoundary'},
    'affinity': {'type': 'Affinity'},
    'pair_wise': {'type': 'PairWise', 'scale': 0.4, 'through_length': True},
    'boundary': {'type': 'Boundary', 'classes': 5},
    'cwd': {'type': 'ChannelWise'},
    'class_memory': {'type': 'ClassMemory', 'classes': 5, 'pixel_queue': 256, 'region_queue': 32, 'pixels': 256,
                     'regions': 32, 'enqueued': 64},  # compare and keep everything: nothing depends on random numbers
    'crd': {'type': 'CRD', 'samples': 12, 'negatives': 11, 'width': 6},
    'cc': {'type': 'CorrelationCongruence'},
    'cc_released': {'type': 'CorrelationCongruence', 'variant': 'released', 'width': 4},
    'cka_linear': {'type': 'CKA', 'kernel': 'linear'},
    'cka_rbf': {'type': 'CKA', 'pool': 'flatten'},
    'cosine': {'type': 'CosineFeatures'},
    'smooth_l1': {'type': 'SmoothL1Features', 'beta': 0.5},
    'cross_image': {'type': 'CrossImage', 'pixels': 20},
    'fsp': {'type': 'FSP'},
    'ft': {'type': 'FactorTransfer'},
    'holistic': {'type': 'Holistic', 'width': 2, 'penalty': 0.0},
    'ifvd': {'type': 'IFVD', 'classes': 5},
    'mgd': {'type': 'MGD', 'hidden': 0.0},
    'nst': {'type': 'NST'},
    'ofd': {'type': 'OFD'},
    'pkd': {'type': 'PKD'},
    'pkt': {'type': 'PKT'},
    'review': {'type': 'ReviewKD'},
    'rkd': {'type': 'RKD'},
    'semckd': {'type': 'SemCKD', 'batch_size': 8},
    'simkd': {'type': 'SimKD'},
    'sp': {'type': 'SimilarityPreserving'},
    'vid': {'type': 'VID'},
}
NOT_ZERO = {  # at equality: cross-entropies, and losses with a trained part between student and teacher or a margin
    'cs_printed', 'pseudo_hard', 'pseudo_soft', 'soft_ce', 'nkd', 'wsld', 'tf_kd', 'fixmatch', 'top_k', 'dist_plus',
    'phi_s', 'unic', 'learned_teachers', 'camkd_features',
    'ab', 'cc_released', 'class_memory', 'crd', 'ft', 'holistic', 'mgd', 'ofd', 'review', 'semckd', 'vid'}
NO_SLOPE = {'wsld', 'learned_teachers', 'dist_plus', 'holistic', 'cka_rbf'}  # weights without gradient
IN_ORDER = {'cc_released', 'semckd'}  # depend on the order of the samples
NOT_COMPILED = {'aekd', 'phi_s',  # a quadratic programme outside torch; statistics of the first steps only
                'holistic'}  # takes a gradient in the forward pass
CHANNELS = 5


def build(case: str) -> DistillLoss:
    """The loss, with parameters from a seed; its result does not depend on random numbers."""
    loss = DISTILL_LOSSES.build(dict(CASES[case]))
    levels = 2 if 'student' in loss.several else 1
    with torch.random.fork_rng():
        torch.manual_seed(1)
        loss.setup([CHANNELS] * levels, [CHANNELS] * (2 if 'teacher' in loss.several else 1))
    if isinstance(loss, CRD):
        loss._draw = lambda index, target: _every_other(loss.samples, index)
        loss.constants.fill_(20.0)
    return loss


def _every_other(samples: int, index: Tensor) -> tuple[Tensor, Tensor]:
    others = (torch.arange(1, samples) + index[:, None]) % samples
    return torch.cat([index[:, None], others], 1), torch.ones(len(index), samples)


def view(loss: DistillLoss, out: Tensor) -> Tensor:
    """The view of a loss, computed from logits."""
    if loss.reads == 'probs' or isinstance(loss, PseudoLabel):  # the teacher is a distribution; any values are logits
        return (out / loss.tau).softmax(1)
    return (out / loss.tau).log_softmax(1) if loss.reads == 'log_probs' else out


def levels(value: Tensor | None) -> tuple[Tensor | None, ...]:
    """A view or mask, and the same at half the size: the pixels at the centres."""
    if value is None or value.shape[-1] == 1 or value.ndim < 3 + value.is_floating_point():
        return value, value
    return value, value[..., 1::2, 1::2]


def terms_of(loss: DistillLoss, student: Tensor, teacher: Tensor, mask: Tensor | None = None,
             index: Tensor | None = None, alike: bool = False) -> dict:
    """The loss on views of logits; labels are the teacher's classes, samples are numbered; two teachers differ."""
    asked = {'progress': 0.5, 'target': teacher.argmax(1), 'index': torch.arange(len(student)) if index is None else index}
    if isinstance(loss, Boundary) and student.ndim == 4:  # two regions, each with an interior
        asked['target'] = (torch.arange(student.shape[3]) // 4).expand_as(asked['target'])
    asked = {name: asked[name] for name in loss.asks}
    ours, theirs = view(loss, student), view(loss, teacher) if loss.needs_teacher else None
    if 'student' in loss.several:
        return loss(levels(ours), levels(theirs), levels(mask), **asked)
    if 'teacher' in loss.several:
        return loss(ours, (theirs, view(loss, teacher if alike else teacher.flip(1) / 2)), mask, **asked)
    return loss(ours, theirs, mask, **asked)


def run(loss: DistillLoss, student: Tensor, teacher: Tensor, mask: Tensor | None = None,
        index: Tensor | None = None, alike: bool = False) -> dict[str, Tensor]:
    """Logits in, term -> () out."""
    terms = terms_of(loss, student, teacher, mask, index, alike)
    return {name: global_ratio(*value) if isinstance(value, tuple) else value for name, value in terms.items()}


def total(loss: DistillLoss, student: Tensor, teacher: Tensor, mask: Tensor | None = None,
          index: Tensor | None = None) -> Tensor:
    return sum(run(loss, student, teacher, mask, index).values())


def exact(loss: DistillLoss, student: Tensor, teacher: Tensor) -> dict[str, float]:
    """The same without global_ratio's rounding to float32."""
    terms = terms_of(loss, student, teacher)
    return {name: float(value[0].sum() / value[1].sum()) if isinstance(value, tuple) else float(value)
            for name, value in terms.items()}


def toy() -> tuple[Tensor, Tensor]:
    """sin(k) and cos(k), k = 0..23, as (2, 3, 2, 2) float64."""
    k = torch.arange(24, dtype=torch.float64).view(2, 3, 2, 2)
    return k.sin(), k.cos()


def random_pair(batch: int = 4, channels: int = CHANNELS, size: tuple[int, int] = (6, 7)) -> tuple[Tensor, Tensor, Tensor]:
    """Student logits, teacher logits and a mask whose coverage varies strongly between samples."""
    generator = torch.Generator().manual_seed(3)
    student, teacher = (torch.randn(batch, channels, *size, generator=generator) * 2 for _ in range(2))
    share = torch.linspace(0.1, 0.9, batch).view(-1, 1, 1)
    return student, teacher, torch.rand(batch, *size, generator=generator) < share
