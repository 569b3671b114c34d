import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mtkd.datasets import BadData, EvalSampler, MultiDataset, TaskDataset, collate
from mtkd.engine.first_batches import check_tasks, leaves, try_loader
from mtkd.engine.run import Job, train
from mtkd.structures import Sample
from mtkd.tasks import build_tasks

from .toy import write_config

TASKS = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 3}, 'age': {'type': 'Age'}})
KINDS = {'semseg': 'class_map', 'age': 'scalar'}


class Sized(TaskDataset):
    """Six samples whose images or labels have different sizes."""

    OFFERS = {'semseg': 'class_map'}

    def __init__(self, size=(8, 8), label=None, **kwargs):
        super().__init__(**kwargs)
        self.size, self.label = size, label or size

    def load_data_list(self):
        return [{'sample_id': f's{n}'} for n in range(6)]

    def read(self, entry):
        labels = np.arange(self.label[0] * self.label[1], dtype=np.uint8).reshape(self.label) % 3
        return Sample(image=np.zeros((*self.size, 3), np.uint8), targets={'semseg': labels}, meta={})


class Aged(TaskDataset):
    OFFERS = {'age': 'scalar'}

    def __init__(self, ages, **kwargs):
        super().__init__(**kwargs)
        self.ages = ages

    def load_data_list(self):
        return [{'sample_id': f's{n}'} for n in range(len(self.ages))]

    def known_labels(self):
        return {'age': np.array(self.ages)}

    def read(self, entry):
        return Sample(image=np.zeros((8, 8, 3), np.uint8), targets={'age': 3.0}, meta={})


def loader(dataset, batch_size=4):
    dataset.full_init()
    return DataLoader(dataset, batch_size, sampler=EvalSampler(dataset), collate_fn=collate)


def test_the_first_batch_is_put_together():
    try_loader('val_dataloader', loader(Sized()), TASKS)
    with pytest.raises(ValueError, match=r'val_dataloader: its first batch of 4 samples cannot be loaded: the images of one '
                                         r'batch differ in size'):
        mixed = MultiDataset([Sized(name='a'), Sized((8, 12), name='b')])
        try_loader('val_dataloader', loader(mixed), TASKS)
    try_loader('val_dataloader', loader(mixed, 6), TASKS)  # no batch contains samples of both


def test_labels_of_different_sizes_are_found():
    class Odd(Sized):
        def augmented(self, index, draw=0):
            sample = super().augmented(index, draw)
            sample['targets']['semseg'] = np.zeros((8, 8 + index), np.uint8)
            return sample

    with pytest.raises(ValueError, match="test_dataloader: its first batch of 2 .*the 'semseg' labels of one batch differ"):
        try_loader('test_dataloader', loader(Odd(), 2), TASKS)
    try_loader('test_dataloader', loader(Odd(), 1), TASKS)


def test_what_goes_wrong_in_python_is_named():
    class Broken(Sized):
        def augmented(self, index, draw=0):
            raise KeyError('sema')

    with pytest.raises(ValueError, match="its first batch of 4 samples cannot be loaded: KeyError: 'sema'"):
        try_loader('train_dataloader', loader(Broken()), TASKS)


def test_numbers_that_a_task_cannot_have():
    try_loader('train_dataloader', loader(Aged([3.0, np.nan, 104.0])), TASKS)
    with pytest.raises(BadData, match=r"train_dataloader: Aged 'train' sample 's1': age is -40, which is outside 0 to 130"):
        try_loader('train_dataloader', loader(Aged([3.0, -40.0])), TASKS)


def test_a_task_that_nothing_trains_is_refused():
    scenes = Sized(tasks=KINDS)
    both = {'semseg': None, 'age': None}
    check_tasks([scenes, Aged([3.0])], both)
    check_tasks([scenes], both, taught={'age'})
    check_tasks([object()], both)  # not one of ours: it does not declare its tasks
    with pytest.raises(ValueError, match="no training data set labels the task 'semsge' .*did you mean 'semseg'"):
        check_tasks([scenes], {'semsge': None})
    with pytest.raises(ValueError, match=r"the task 'age' \(there are Sized, which label semseg\), so nothing"):
        check_tasks([scenes], both)
    for none in (Aged([np.nan, np.nan]), Aged([])):
        none._entries = [{}]
        with pytest.raises(ValueError, match="the task 'age' has no label anywhere in the training data"):
            check_tasks([none], {'age': None})


def test_leaves():
    parts = [Sized(name='a'), Sized(name='b')]
    assert list(leaves(MultiDataset(parts))) == parts and list(leaves(parts[0])) == parts[:1]


def test_a_training_fails_before_its_first_step_where_its_test_would(tmp_path):
    config = write_config(tmp_path, iters=1)
    config.write_text(config.read_text() + "\ntest_dataloader = dict(batch_size=2, num_workers=0, collate_fn=dict("
                      "type='mtkd_collate'), sampler=dict(type='EvalSampler'), dataset=dict(type='NYUDMT', split='val', "
                      "data_root='none'))\ntasks = dict(semseg=dict(type='SemanticSegmentation', num_classes=15))\n")
    with pytest.raises(ValueError, match="labels 'semseg' with 40 classes, the task 'semseg' has 15"):
        train(Job(str(config), work_dir=tmp_path / 'run'))
    assert not list((tmp_path / 'run').glob('*.pth'))


def test_trying_draws_nothing(tmp_path, monkeypatch):
    from mtkd.engine import first_batches
    before = {}

    def remember(*args):
        before['state'] = torch.get_rng_state()
        torch.rand(3)

    monkeypatch.setattr(first_batches, 'check_tasks', remember)
    monkeypatch.setattr(first_batches.Runner, 'train', lambda runner: before.update(after=torch.get_rng_state()))
    train(Job(str(write_config(tmp_path, iters=1)), work_dir=tmp_path / 'run'))
    assert torch.equal(before['state'], before['after'])
