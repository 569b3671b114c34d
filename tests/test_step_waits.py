"""A training step asks a device for nothing that the host would have to wait for, but for what is listed here."""

import collections
import traceback
from pathlib import Path

import pytest
import torch

import mtkd
from mtkd.models import MultiTaskModel
from mtkd.registry import DATASETS
from mtkd.structures import collate
from mtkd.tasks import build_tasks

from .balance.test_host_reads import Asked
from .test_routed_steps import batch, model

PACKAGE = Path(mtkd.__file__).parent
LISTED = {  # place -> why it may
    ('structures/rows.py', 'builds a tensor on the host'): 'numbers of samples: made and pinned on the host, not waited for'}
DENSE = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 15}, 'depth': {'type': 'Depth'},
         'normals': {'type': 'Normals'}, 'edge': {'type': 'Edge'}}
NET = {'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet', 'norm': 'group', 'out_indices': (1, 2)},
       'neck': {'type': 'ConcatNeck', 'lateral_channels': 8}, 'head': {'type': 'FCNHead', 'channels': 8, 'norm': 'group'}}
SIZE = (32, 48)
KDAM = {'each_task': {'loss': {'type': 'CauchySchwarz'}}}
OTHERS = {'each_task': [{'loss': {'type': 'PlainKD', 'tau': 2.0}, 'name': 'soft'},
                        {'loss': {'type': 'DIST'}, 'name': 'dist'}]}
CROSS = {'between_tasks': {'type': 'CrossTaskConsistency', 'widths': (4, 4)}}


KIND = {name: task.kind.name for name, task in build_tasks(DENSE).items()}


class Placed(Asked):
    """Notes the file of mtkd that asked as well."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        before = len(self.found)
        result = super().__torch_dispatch__(func, types, args, kwargs)
        if len(self.found) > before:
            own = [frame.filename for frame in traceback.extract_stack() if Path(frame.filename).is_relative_to(PACKAGE)]
            place = str(Path(own[-1]).relative_to(PACKAGE)) if own else 'nowhere'
            self.found[before:] = [(place, what) for what in self.found[before:]]
        return result


def waits(made, given):
    """(place, what) -> how often, in forward and backward of a step after the first."""
    def step():
        losses = made(**made.data_preprocessor(given, True), mode='loss')
        made.parse_losses({'loss': losses['loss']})[0].backward()

    step()
    with Placed() as mode:
        step()
    return collections.Counter(mode.found)


def scenes():
    """Three padded scenes with a label left out here and there."""
    served = DATASETS.build({
        'type': 'SyntheticScenes', 'num_samples': 3, 'size': SIZE, 'tasks': {name: KIND[name] for name in DENSE},
        'num_classes': {'semseg': 15}, 'pipeline': [{'type': 'RandomScaling'}, {'type': 'RandomCrop', 'size': SIZE},
                                                    {'type': 'Pad', 'size': (40, 56)}]})
    given = collate([served[i] for i in range(3)])
    given['present']['depth'][1] = False
    return given


@pytest.mark.parametrize('links', [KDAM, OTHERS, CROSS], ids=['KDAM', 'others', 'cross-task'])
def test_dense_tasks_with_a_teacher(links):
    torch.manual_seed(0)
    teachers = {} if links is CROSS else {'big': {'net': NET, 'tasks': DENSE, 'allow_random': True}}
    made = MultiTaskModel(net=NET, tasks=DENSE, distiller={'teachers': teachers, 'links': links},
                          data_preprocessor={'type': 'Preprocessor'}).train()
    given = scenes()
    assert any(entry.get('crop') for entry in given['meta']), 'padding makes masks'
    assert set(waits(made, given)) <= set(LISTED)


@pytest.mark.parametrize('balance', [{'type': 'Uncertainty'}, {'type': 'MGDA'}, {'type': 'GradNorm'}],
                         ids=lambda balance: balance['type'])
def test_data_sets_with_a_teacher_each(balance):
    assert set(waits(model('both', balance), batch(0))) <= set(LISTED)
