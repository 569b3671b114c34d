"""A tiny network with three tasks and a distiller, to train with every balance."""

import copy
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtkd.balance import Balance, Seen
from mtkd.models import MultiTaskModel, MultiTaskNet, Trunk
from mtkd.models.heads import FCNHead
from mtkd.models.necks import ConcatNeck
from mtkd.registry import BALANCES
from mtkd.structures import global_ratio
from tests.models.tiny import TinyBackbone

TASKS = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'},
         'normals': {'type': 'Normals'}, 'edge': {'type': 'Edge', 'weight': 2.0}}
OUT_CHANNELS = {'semseg': 5, 'depth': 1, 'normals': 3, 'edge': 1}
METRICS = {'semseg': ('mIoU', 'percent'), 'depth': ('rmse', 'error'), 'normals': ('mErr', 'error'),
           'edge': ('odsF', 'ratio')}
VALUE = {
    'weighted_sum': {'type': 'WeightedSum'},
    'uncertainty': {'type': 'Uncertainty'},
    'uncertainty_kendall': {'type': 'Uncertainty', 'form': 'kendall', 'kinds': {
        'semseg': 'classification', 'depth': 'regression', 'normals': 'regression', 'edge': 'classification'}},
    'dwa': {'type': 'DWA'},
    'dtp': {'type': 'DTP'},
    'dtp_validation': {'type': 'DTP', 'kpi': 'validation', 'metrics': METRICS},
    'bam': {'type': 'BAM'},
    'random': {'type': 'Random', 'seed': 3},
    'gls': {'type': 'GLS'},
    'imtll': {'type': 'IMTLL'},
    'famo': {'type': 'FAMO'},
    'famo_next': {'type': 'FAMO', 'look': 'next'},
    'stch': {'type': 'STCH', 'warmup_epochs': 1},
    'stch_paper': {'type': 'STCH', 'warmup_epochs': None, 'mu': 3.0},
    'cosmos': {'type': 'COSMOS', 'preference': (1.0, 2.0, 1.0, 0.5)},
    'pbi': {'type': 'PBI', 'theta': 0.5},
}
SOLVED = {
    'mgda': {'type': 'MGDA'},
    'mgda_plus': {'type': 'MGDA', 'normalise': 'loss+', 'heads': 'plain'},
    'pcgrad': {'type': 'PCGrad', 'seed': 3},
    'gradvac': {'type': 'GradVac', 'seed': 3},
    'upgrad': {'type': 'UPGrad'},
    'dualproj': {'type': 'DualProj', 'preference': (1.0, 2.0, 1.0, 0.5)},
    'aligned': {'type': 'AlignedMTL', 'scale_mode': 'rmse'},
    'cagrad': {'type': 'CAGrad'},
    'imtlg': {'type': 'IMTLG'},
    'fairgrad': {'type': 'FairGrad'},
    'krum': {'type': 'Krum', 'num_outliers': 1},
    'nash': {'type': 'NashMTL', 'update_every': 2},
    'pcd': {'type': 'PCD'},
    'crmogm': {'type': 'CRMOGM', 'method': {'type': 'PCGrad'}, 'seed': 3},
    'config': {'type': 'ConFIG'},
}
DIRECTED = {
    'moco': {'type': 'MoCo'},
    'dbmtl': {'type': 'DBMTL'},
    'excess': {'type': 'ExcessMTL'},
    'graddrop': {'type': 'GradDrop', 'seed': 3},
    'graddrop_params': {'type': 'GradDrop', 'level': 'params', 'seed': 3},
    'trimmed': {'type': 'TrimmedMean'},
    'trimmed_tap': {'type': 'TrimmedMean', 'level': 'tap'},
    'modo': {'type': 'MoDo'},
    'sdmgrad': {'type': 'SDMGrad'},
}
LEARNED = {'gradnorm': {'type': 'GradNorm'}, 'gradnorm_epoch': {'type': 'GradNorm', 'l0': 'first_epoch'}}
GRADIENT = {**SOLVED, **DIRECTED, **LEARNED}
CASES = {**VALUE, **GRADIENT}


def set_up(balance: dict[str, Any] | Balance, count: int = 3) -> Any:
    """A balance of the given number of tasks, without a network."""
    made = balance if isinstance(balance, Balance) else BALANCES.build(copy.deepcopy(balance))
    made.setup({f'task{i}': 1.0 for i in range(count)})
    made.begin(seed=11)
    return made


def weights_of(made: Any, rows: Any, values: Any = None, active: Any = None) -> np.ndarray:
    """(T,) the weights that a balance computes for gradients (T, N), from their float64 Gramian."""
    rows = np.asarray(rows, dtype=np.float64)
    values = torch.ones(len(rows)) if values is None else torch.as_tensor(values, dtype=torch.float32)
    active = values != 0 if active is None else torch.as_tensor(active)
    return made.weigh(torch.from_numpy(rows @ rows.T), Seen(values, active)).double().numpy()


def random_rows(seed: int, count: int, width: int = 12) -> np.ndarray:
    """(count, width) gradients that conflict."""
    return np.random.default_rng(seed).standard_normal((count, width))


class Teaching(nn.Module):
    """A distiller with one term per task, one that belongs to no task, and one in the middle of the trunk."""

    def __init__(self) -> None:
        super().__init__()
        self.projectors = nn.ModuleDict({task: nn.Conv2d(5, 2, 1) for task in TASKS})
        self.term_weights = {**{f'{task}/kd': 0.5 + i for i, task in enumerate(TASKS)}, 'shared/at': 0.1, 'semseg/mid': 0.3}

    def check(self, *parts: Any) -> None:
        """All inputs fit."""

    def forward(self, batch: Any, taps: dict[str, Tensor], tasks: Any) -> dict[str, Tensor]:
        def mean(value: Tensor, here: Tensor | None = None) -> Tensor:
            each = value.float().square().flatten(1).mean(1)
            counted = torch.ones_like(each) if here is None else here.float()
            return global_ratio(each * counted, counted)
        terms = {f'{task}/kd': mean(projector(taps[f'{task}.feat']) - 1, batch['present'][task])
                 for task, projector in self.projectors.items()}
        return {**terms, 'shared/at': mean(taps['shared']), 'semseg/mid': mean(taps['trunk.0'])}


def model(balance: dict[str, Any] | Balance, distilled: bool = False, tasks: Any = None) -> MultiTaskModel:
    """The model, always with the same initial weights."""
    tasks = tasks or TASKS
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = TinyBackbone()
        neck = ConcatNeck(backbone.channels, backbone.strides)
        heads = {task: FCNHead(neck.out_channels, OUT_CHANNELS[task], channels=5, norm='group') for task in tasks}
        net = MultiTaskNet(Trunk(backbone, neck), heads, {task: OUT_CHANNELS[task] for task in tasks})
        teaching = Teaching()
    made = MultiTaskModel(net=net, tasks=copy.deepcopy(tasks), balance=copy.deepcopy(balance),
                          distiller=teaching if distilled else None)
    made.balance.begin(seed=11)
    return made


def batch(seed: int = 0, count: int = 4) -> dict[str, Any]:
    """Samples of 8 x 12 pixels; each task lacks the label of some sample."""
    rng = torch.Generator().manual_seed(seed)
    size = (8, 12)
    targets = {'semseg': torch.randint(0, 5, (count, *size), generator=rng).byte(),
               'depth': torch.rand(count, 1, *size, generator=rng) * 5 + 0.5,
               'normals': F.normalize(torch.randn(count, 3, *size, generator=rng), dim=1),
               'edge': torch.randint(0, 2, (count, *size), generator=rng).byte()}
    present = {task: torch.arange(count) % 4 != i for i, task in enumerate(TASKS)}
    return {'image': torch.randint(0, 256, (count, 3, *size), generator=rng).byte(), 'targets': targets, 'present': present,
            'meta': [{'dataset': 'toy', 'index': i, 'crop': None} for i in range(count)]}


def share(given: dict[str, Any], rank: int, ranks: int) -> dict[str, Any]:
    """A rank's samples of a batch."""
    count = len(given['meta']) // ranks
    part = slice(rank * count, (rank + 1) * count)
    return {'image': given['image'][part], 'meta': given['meta'][part],
            **{key: {task: value[part] for task, value in given[key].items()} for key in ('targets', 'present')}}


def needs_distiller(case: str) -> bool:
    return case == 'bam'


def train(made: nn.Module, steps: int, first: int = 0, total: int = 10, part: Any = None,
          optimizer: torch.optim.Optimizer | None = None, count: int = 4) -> list[float]:
    """Train with SGD and momentum, two steps per epoch with a validation after each epoch; returns the totals."""
    inner = made.module if hasattr(made, 'module') else made
    optimizer = optimizer or sgd(inner)
    totals = []
    for step in range(first, first + steps):
        given = batch(seed=step, count=count)
        if step == 1:
            given['present']['depth'][:] = False
        inner.balance.progress(step / total)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', UserWarning)
            loss = made(**(part(given) if part else given), mode='loss')['loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        totals.append(loss.item())
        if 'stepped' in inner.balance.hears:
            inner.balance.stepped(inner.task_losses(part(given) if part else given))
        if step % 2:
            inner.balance.end_epoch()
            inner.balance.validated({'semseg/mIoU': 30.0 + step, 'depth/rmse': 1.0 / (1 + step), 'normals/mErr': 0.5,
                                     'edge/odsF': 0.5})
    return totals


def sgd(made: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(made.parameters(), lr=0.05, momentum=0.9)


def gradients(made: nn.Module, given: dict[str, Any], scale: float = 1.0) -> dict[str, Tensor]:
    """The gradients of one forward and backward pass."""
    made.zero_grad()
    (made(**given, mode='loss')['loss'] * scale).backward()
    return {name: torch.zeros_like(p) if p.grad is None else p.grad.clone() for name, p in made.named_parameters()}
