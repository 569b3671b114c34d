"""F1: task losses, one per file; each returns a sum and a count per sample."""

from .balanced_cross_entropy import BalancedCrossEntropy
from .base import TaskLoss, per_sample
from .bin_cross_entropy import BinCrossEntropy
from .cosine_normals import CosineNormals
from .cross_entropy import CrossEntropy
from .edge_bce import EdgeBCE
from .l1_depth import L1Depth
from .l1_expectation import L1Expectation
from .l1_normals import L1Normals

__all__ = ['BalancedCrossEntropy', 'BinCrossEntropy', 'CosineNormals', 'CrossEntropy', 'EdgeBCE', 'L1Depth',
           'L1Expectation', 'L1Normals', 'TaskLoss', 'per_sample']
