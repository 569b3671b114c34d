"""F1: loss balances, which combine the task losses into one scalar."""

from .aligned_mtl import AlignedMTL
from .balance import Balance, Seen
from .bam import BAM
from .cagrad import CAGrad
from .con_fig import ConFIG
from .cosmos import COSMOS
from .crmogm import CRMOGM
from .db_mtl import DBMTL
from .direction_balance import DirectionBalance
from .dtp import DTP
from .dualproj import DualProj
from .dwa import DWA
from .excess_mtl import ExcessMTL
from .fairgrad import FairGrad
from .famo import FAMO
from .gls import GLS
from .graddrop import GradDrop
from .gradient_balance import GradientBalance
from .gradnorm import GradNorm
from .gradvac import GradVac
from .imtl import IMTLG, IMTLL
from .krum import Krum
from .mgda import MGDA
from .moco import MoCo
from .modo import MoDo
from .nash_mtl import NashMTL
from .pbi import PBI
from .pcd import PCD
from .pcgrad import PCGrad
from .random_weights import Random
from .scalarization import Scalarization
from .sdmgrad import SDMGrad
from .stch import STCH
from .trimmed_mean import TrimmedMean
from .uncertainty import Uncertainty
from .upgrad import UPGrad
from .weighted_sum import WeightedSum

__all__ = [
           'BAM',
           'COSMOS',
           'CRMOGM',
           'DBMTL',
           'DTP',
           'DWA',
           'FAMO',
           'GLS',
           'IMTLG',
           'IMTLL',
           'MGDA',
           'PBI',
           'PCD',
           'STCH',
           'AlignedMTL',
           'Balance',
           'CAGrad',
           'ConFIG',
           'DirectionBalance',
           'DualProj',
           'ExcessMTL',
           'FairGrad',
           'GradDrop',
           'GradNorm',
           'GradVac',
           'GradientBalance',
           'Krum',
           'MoCo',
           'MoDo',
           'NashMTL',
           'PCGrad',
           'Random',
           'SDMGrad',
           'Scalarization',
           'Seen',
           'TrimmedMean',
           'UPGrad',
           'Uncertainty',
           'WeightedSum',
]
