"""docs/mechanisms/your_own_loop.md does what it says, and each of its loops goes the Runner's way."""

import copy
import re
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import DataLoader

from mtkd.balance import MGDA
from mtkd.distill import Distiller, Linear1x1, Link, Teacher, losses
from mtkd.models import MultiTaskModel, Preprocessor, TapSpec

PAGE = (Path(__file__).parents[1] / 'docs' / 'mechanisms' / 'your_own_loop.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)
STEPS, BATCH, SIZE = 20, 3, (8, 10)


class Big(nn.Module):
    """Knows nothing of taps."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), nn.ReLU())
        self.semseg, self.depth = nn.Conv2d(8, 5, 1), nn.Conv2d(8, 1, 1)

    def forward(self, image):
        feature = self.body(image)
        return {'classes': self.semseg(feature)}, self.depth(feature)


class Student(nn.Module):
    """Returns its taps by name."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, 6, 3, 1, 1), nn.BatchNorm2d(6), nn.Tanh())
        self.semseg, self.depth = nn.Conv2d(6, 5, 1), nn.Conv2d(6, 1, 1)
        self.tap_specs = {'shared': TapSpec(6, 1), 'semseg.out': TapSpec(5, 1), 'depth.out': TapSpec(1, 1)}

    def forward(self, image):
        shared = self.trunk(image)
        return {'shared': shared, 'semseg.out': self.semseg(shared), 'depth.out': self.depth(shared)}


def networks() -> tuple[Student, Big]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Student(), Big()


def projector() -> Linear1x1:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Linear1x1(6, 8)


def samples() -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    rng = torch.Generator().manual_seed(2)
    return [(torch.randint(0, 256, (3, *SIZE), generator=rng).byte(), torch.randint(0, 5, SIZE, generator=rng),
             torch.rand(1, *SIZE, generator=rng) * 4 + 1) for _ in range(STEPS * BATCH)]


def as_batch(some) -> dict:
    image, semseg, depth = (torch.stack(part) for part in zip(*some, strict=True))
    labelled = torch.ones(len(image), dtype=torch.bool)
    return {'image': image, 'targets': {'semseg': semseg.byte(), 'depth': depth}, 'teacher': {},
            'present': {'semseg': labelled, 'depth': labelled}, 'meta': [{'crop': None} for _ in some]}


@pytest.fixture(scope='module')
def by_the_runner(tmp_path_factory) -> dict[str, torch.Tensor]:
    """The student's weights after the Runner's steps."""
    student, big = networks()
    page: dict = {}
    exec(BLOCKS[1], page)  # its statistics
    teacher = Teacher(big, page['MEAN'], page['STD'], taps={'feat': 'body', 'semseg.out': 'semseg', 'depth.out': 'depth'})
    distiller = Distiller({'big': teacher}, [
        Link(losses.CauchySchwarz(), 'semseg', weight=0.5), Link(losses.OutputL1(), 'depth'),
        Link(losses.FitNets(), 'depth', student='shared', teacher='big:feat', projector=projector())])
    tasks = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5}, 'depth': {'type': 'Depth'}}
    model = MultiTaskModel(student, tasks, balance=MGDA(), distiller=distiller,
                           data_preprocessor=Preprocessor(page['MEAN'], page['STD']))
    loader = DataLoader(samples(), BATCH, collate_fn=as_batch)
    runner = Runner(model, str(tmp_path_factory.mktemp('runner')), train_dataloader=loader,
                    train_cfg={'by_epoch': False, 'max_iters': STEPS}, default_scope='mtkd',
                    optim_wrapper=OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)),
                    default_hooks={'checkpoint': None, 'logger': None, 'param_scheduler': None}, log_level='ERROR',
                    experiment_name='your_own_loop')
    runner.train()
    return copy.deepcopy(student.state_dict())


@pytest.fixture(scope='module')
def page() -> dict:
    """What the page defines."""
    found: dict = {}
    for block in BLOCKS[1:]:
        exec(block, found)
    found['Linear1x1'] = lambda *channels: projector()  # begins as the Runner's does
    return found


@pytest.mark.parametrize('loop', ['bare', 'with_lightning', 'with_accelerate'])
def test_a_loop_goes_the_runners_way(loop, page, by_the_runner, monkeypatch):
    for name in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE'):  # Accelerate takes any of them for a launcher
        monkeypatch.delenv(name, raising=False)
    student, big = networks()
    before = copy.deepcopy(student.state_dict())
    page[loop](student, big, DataLoader(samples(), BATCH))
    after = student.state_dict()
    assert (after['trunk.0.weight'] - before['trunk.0.weight']).abs().max() > 0.01
    torch.testing.assert_close(after, by_the_runner, rtol=2e-4, atol=2e-5)


def test_accumulation_scaling_and_autocast(page):
    student, big = networks()
    model, batch = page['Distilled'](student, big), next(iter(DataLoader(samples(), BATCH)))

    def gradients(factor: float = 1.0, dtype: torch.dtype | None = None) -> dict[str, torch.Tensor]:
        model.zero_grad()
        for _ in range(2):
            with torch.autocast('cpu', dtype or torch.bfloat16, enabled=dtype is not None):
                total = model(*batch)
            (total * factor / 2).backward()
        return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}

    plain = gradients()
    assert {name.split('.')[0] for name in plain} == {'student', 'distiller'} and all(g.any() for g in plain.values())
    torch.testing.assert_close(gradients(1024.0), {name: 1024 * g for name, g in plain.items()}, rtol=1e-4, atol=1e-4)
    for name, gradient in gradients(dtype=torch.bfloat16).items():
        assert (gradient - plain[name]).norm() <= 0.1 * plain[name].norm() + 1e-3, name  # a bias before BN has none


def test_one_loss():
    found: dict = {}
    exec(BLOCKS[0], found)
    student, teacher = found['student'].detach().double(), found['teacher'].double()
    log_t, log_s = (torch.log_softmax(x / 4, 1) for x in (teacher, student))
    expected = 16 * (log_t.exp() * (log_t - log_s)).sum(1)
    torch.testing.assert_close(found['each'].detach().double(), expected, rtol=1e-4, atol=1e-6)
    assert found['student'].grad.any()
