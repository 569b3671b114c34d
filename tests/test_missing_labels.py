"""Several data sets, each labelled for one task or none, through loader, model and two ranks."""

import tempfile
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mtkd.datasets import MixSampler, MultiDataset, collate
from mtkd.datasets.faces import FairFace
from mtkd.datasets.faces.fairface import AGES
from mtkd.models import MultiTaskModel, TapSpec
from mtkd.tasks import build_tasks

from .datasets.faces.copies import write_fairface
from .distill.ranks import on_two_ranks

TASKS = {'age': {'type': 'Age', 'num_bins': 80, 'loss': 'L1Expectation'}, 'years': {'type': 'Age', 'num_bins': 80},
         'gender': {'type': 'Classification', 'num_classes': 2}, 'race': {'type': 'Classification', 'num_classes': 7}}
YEARS = {group: 8 * i + 1 for i, group in enumerate(AGES)}
KEPT = (('age', 'years'), ('gender',), ('race',), ())
QUOTAS = (1, 2, 3, 2)  # in a batch of 8: with two ranks, the only age is on one of them


class Net(nn.Module):
    """A convolution, the mean over positions, and a linear layer per task."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        channels = {name: task.out_channels for name, task in build_tasks(TASKS).items()}
        self.conv = nn.Conv2d(3, 6, 3, 2)
        self.heads = nn.ModuleDict({name: nn.Linear(6, count) for name, count in channels.items()})
        self.tap_specs = {f'{name}.out': TapSpec(count, 0) for name, count in channels.items()}

    def forward(self, image):
        feature = self.conv(image).relu().mean((2, 3))
        return {f'{name}.out': head(feature) for name, head in self.heads.items()}


def mixed_batch(first=0, last=8):
    """Positions ``first`` to ``last`` of a mixed batch of four data sets."""
    with tempfile.TemporaryDirectory() as folder:
        write_fairface(Path(folder), 24)
        kinds = {name: task.kind for name, task in build_tasks(TASKS).items()}
        data = MultiDataset([
            FairFace(kinds, folder, name=f'part{i}', parts=4, part=i, keep=keep, size=(16, 16), cache='preload',
                     fields={'years': 'age'}, label_maps={'age': YEARS, 'years': YEARS}) for i, keep in enumerate(KEPT)])
        data.full_init()
        return collate(data.__getitems__(MixSampler(data, seed=1, quotas=QUOTAS).batch(0, 8)[first:last]))


def step(model, batch):
    """Every term, and the gradient of every parameter, of one step."""
    model.zero_grad()
    result = model(**batch, mode='loss')
    result['loss'].backward()
    grads = {name.removeprefix('module.'): p.grad.clone() for name, p in model.named_parameters()}
    return {name: value.detach() for name, value in result.items()}, grads


def on_a_rank(rank, ranks):
    """Terms, gradients and numbers of labels for this rank's part of the batch."""
    batch = mixed_batch(rank * 8 // ranks, (rank + 1) * 8 // ranks)
    terms, grads = step(DistributedDataParallel(MultiTaskModel(net=Net(), tasks=TASKS)), batch)
    return {'terms': terms, 'grads': grads, 'labels': {task: int(p.sum()) for task, p in batch['present'].items()}}


def test_each_task_has_the_labels_of_its_own_data_set():
    batch = mixed_batch()
    names = [meta['dataset'] for meta in batch['meta']]
    for task, part in (('age', 'part0'), ('years', 'part0'), ('gender', 'part1'), ('race', 'part2')):
        assert batch['present'][task].tolist() == [name == part for name in names]
        assert torch.equal(build_tasks(TASKS)[task].kind.valid(batch['targets'][task]), batch['present'][task])


def test_changing_an_absent_label_changes_nothing():
    model, batch = MultiTaskModel(net=Net(), tasks=TASKS), mixed_batch()
    terms, grads = step(model, batch)
    assert all(value > 0 for value in terms.values())
    for value in (0, 1, 5):
        for task, target in batch['targets'].items():
            target[~batch['present'][task]] = value
        again, grads_again = step(model, batch)
        assert all(torch.equal(terms[name], again[name]) for name in terms)
        assert all(torch.equal(grads[name], grads_again[name]) for name in grads)
    batch['targets']['race'][batch['present']['race']] = 0  # a present one does
    assert step(model, batch)[0]['race/ce'] != terms['race/ce']


def test_a_task_that_no_sample_is_labelled_for_has_a_zero_gradient():
    batch = mixed_batch()
    rows = torch.tensor([i for i, meta in enumerate(batch['meta']) if meta['dataset'] != 'part0'])
    batch = {'image': batch['image'][rows], 'targets': {t: v[rows] for t, v in batch['targets'].items()},
             'present': {t: v[rows] for t, v in batch['present'].items()}, 'meta': [batch['meta'][i] for i in rows]}
    terms, grads = step(MultiTaskModel(net=Net(), tasks=TASKS), batch)
    assert terms['age/l1'] == terms['years/ce'] == 0 and not grads['net.heads.age.weight'].any()
    assert grads['net.heads.race.weight'].any()


@pytest.mark.slow
def test_two_ranks_with_uneven_labels_are_one_process(tmp_path):
    ranks = on_two_ranks(on_a_rank, tmp_path)
    labels = [rank['labels'] for rank in ranks]
    assert sorted(of['age'] for of in labels) == [0, 1] and labels[0] != labels[1]
    terms, grads = step(MultiTaskModel(net=Net(), tasks=TASKS), mixed_batch())
    for name, value in terms.items():
        torch.testing.assert_close(torch.stack([rank['terms'][name] for rank in ranks]).mean(), value)
    for name, grad in grads.items():
        torch.testing.assert_close(ranks[0]['grads'][name], grad)
        assert torch.equal(ranks[0]['grads'][name], ranks[1]['grads'][name])
