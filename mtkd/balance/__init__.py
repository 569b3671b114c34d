"""F1: balances, from task losses to one number."""

from .balance import Balance, Seen
from .bam import BAM
from .crmogm import CRMOGM
from .dtp import DTP
from .dwa import DWA
from .from_torchjd import IMTLG, AlignedMTL, CAGrad, DualProj, FairGrad, Krum, UPGrad
from .gradient_balance import GradientBalance
from .gradnorm import GradNorm
from .gradvac import GradVac
from .mgda import MGDA
from .nash_mtl import NashMTL
from .pcd import PCD
from .pcgrad import PCGrad
from .random_weights import Random
from .uncertainty import Uncertainty
from .weighted_sum import WeightedSum

__all__ = ['BAM', 'CRMOGM', 'DTP', 'DWA', 'IMTLG', 'MGDA', 'PCD', 'AlignedMTL', 'Balance', 'CAGrad', 'DualProj', 'FairGrad',
           'GradNorm', 'GradVac', 'GradientBalance', 'Krum', 'NashMTL', 'PCGrad', 'Random', 'Seen', 'UPGrad', 'Uncertainty',
           'WeightedSum']
