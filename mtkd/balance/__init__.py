"""F1: balances, from task losses to one number."""

from .aligned_mtl import AlignedMTL
from .balance import Balance, Seen
from .bam import BAM
from .cagrad import CAGrad
from .crmogm import CRMOGM
from .dtp import DTP
from .dualproj import DualProj
from .dwa import DWA
from .fairgrad import FairGrad
from .gradient_balance import GradientBalance
from .gradnorm import GradNorm
from .gradvac import GradVac
from .imtl import IMTLG
from .krum import Krum
from .mgda import MGDA
from .nash_mtl import NashMTL
from .pcd import PCD
from .pcgrad import PCGrad
from .random_weights import Random
from .uncertainty import Uncertainty
from .upgrad import UPGrad
from .weighted_sum import WeightedSum

__all__ = ['BAM', 'CRMOGM', 'DTP', 'DWA', 'IMTLG', 'MGDA', 'PCD', 'AlignedMTL', 'Balance', 'CAGrad', 'DualProj', 'FairGrad',
           'GradNorm', 'GradVac', 'GradientBalance', 'Krum', 'NashMTL', 'PCGrad', 'Random', 'Seen', 'UPGrad', 'Uncertainty',
           'WeightedSum']
