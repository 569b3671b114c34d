"""Every config of the catalogue trains two steps on synthetic data, built like by the Runner, without hooks and files."""

from pathlib import Path

import pytest
import torch

from mtkd.engine.run import Job
from mtkd.registry import DATASETS, DISTILL_LOSSES, MODELS
from mtkd.structures import collate

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs' / 'catalogue').glob('*.py'))


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.filterwarnings('ignore:.*keeps the weights:UserWarning')
@pytest.mark.parametrize('config', CONFIGS)
def test_two_steps(config, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    cfg = Job(config, smoke=True, work_dir=tmp_path, data_root=tmp_path).prepared()
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).train()
    data = DATASETS.build(cfg.train_dataloader.dataset)
    optimizer = torch.optim.SGD([part for part in model.parameters() if part.requires_grad], lr=1e-4)
    for step in range(2):
        batch = model.data_preprocessor(collate([data[2 * step], data[2 * step + 1]]), training=True)
        model.begin_step(0.5 + step / 4)
        losses = model(**batch, mode='loss')
        assert all(value.isfinite().all() for value in losses.values()), losses
        losses['loss'].backward()
        optimizer.step()
        optimizer.zero_grad()
    if not Path(config).stem.endswith(('student', 'teacher', 'narrow', 'wide')):
        assert len(losses) > 2, "there is a term besides the task's"


ELSEWHERE = {'NormalisedL2',                  # configs/kd4mtl
             'RadioSummary', 'RadioSpatial'}  # several teachers: their own page


def test_every_loss_on_features_has_a_config():
    DISTILL_LOSSES.import_from_location()
    named = ' '.join((ROOT / config).read_text() for config in CONFIGS)
    without = {name for name, cls in DISTILL_LOSSES.module_dict.items()
               if cls.method.level in ('features', 'levels') and f"'{name}'" not in named}
    assert without <= ELSEWHERE
