import dataclasses

import pytest

from mtkd.engine.config import load_config, prepare
from mtkd.registry import DATASETS
from mtkd.studies.plan import LoaderCost, Plan, StepCost, iterations_of, plan, propose, report

from ..engine.toy import write_config

GIB = 2**30
STEP = StepCost(total=1.0, student=0.4, teachers={'big': 0.3}, memory=10 * GIB)
LOADER = LoaderCost(seconds=0.1, reading=0.06, sample_bytes=2**20, samples=1000, real=True, why='', coverage={})


def proposal(steps=None, loader=LOADER, batch=8, free=80 * GIB, spare=64 * GIB, cores=16, gpu=True, iterations=3600):
    return propose(batch, iterations, steps or {'off': STEP}, loader, free=free, spare=spare, cores=cores, gpu=gpu)


def test_what_fits_stays_as_it_is():
    found = proposal()
    assert (found.batch_size, found.accumulate, found.precision, found.cache) == (8, 1, 'off', True)
    assert found.workers == 1 and found.hours == pytest.approx(1.0)  # 0.32 s of loading for a step of 1 s
    assert found.options == ('--amp off --cfg-options train_dataloader.batch_size=8 train_dataloader.num_workers=1 '
                             'train_dataloader.dataset.cache=preload')


def test_a_batch_that_does_not_fit_is_divided():
    found = proposal(free=6 * GIB)
    assert (found.batch_size, found.accumulate) == (4, 2) and 'accumulative_counts=2' in found.options
    assert proposal(free=GIB // 8).batch_size == 1


def test_faster_precision_is_taken():
    half = dataclasses.replace(STEP, total=0.5)
    assert proposal({'off': STEP, 'bf16': half}).precision == 'bf16'
    assert proposal({'off': STEP, 'bf16': dataclasses.replace(STEP, total=0.95)}).precision == 'off'


def test_workers_keep_up_with_the_steps():
    slow = dataclasses.replace(LOADER, seconds=1.0, reading=0.0)
    assert proposal(loader=slow).workers == 10 and not proposal(loader=slow).cache
    assert proposal(loader=slow, cores=4).workers == 3
    assert proposal(loader=slow, cores=4).hours == pytest.approx(8 / 3)  # then each step waits for the loader
    quick = dataclasses.replace(LOADER, seconds=0.001, reading=0.0)
    assert proposal(loader=quick, gpu=False).workers == 0 and 'persistent_workers=False' in \
        proposal(loader=quick, gpu=False).options
    assert not proposal(spare=GIB).cache


def test_a_config_is_measured(tmp_path):
    teacher = write_config(tmp_path, 'teacher')
    config = write_config(tmp_path, 'student', iters=500, teacher=teacher)
    found = plan(config, seconds=0.01)
    assert found.iterations == 500 and found.batch_size == 4 and found.input_size == (32, 48)
    step = found.steps['off']
    assert step.student > 0 and 0 < step.teachers['big'] < step.total and step.memory > 0
    assert not found.loader.real and found.loader.coverage['depth'] == (1.0, pytest.approx(1.0, abs=0.5))
    text = report(found)
    assert 'teacher big' in text and 'ON SYNTHETIC DATA' in text and 'proposal: --amp' in text


def test_epochs_are_counted_where_the_data_say_how_long_one_is(tmp_path):
    config = write_config(tmp_path)
    config.write_text(config.read_text() + "\ntrain_cfg = dict(type='TrainLoop', max_epochs=3)\n")
    cfg = load_config(config)
    dataset = DATASETS.build(prepare(cfg, work_dir='', seed=0, data_root='').train_dataloader.dataset)
    dataset.full_init()
    assert iterations_of(cfg, dataset, 0) == 3 * (len(dataset) // 4) > 0
    assert iterations_of(cfg, None, 0) is None and proposal(iterations=None).hours is None
    cfg.train_cfg = {'max_iters': 7}
    assert iterations_of(cfg, None, 0) == 7


def test_the_report_says_that_the_length_is_not_known():
    found = Plan('cpu', 8, (32, 48), None, {'off': STEP}, LOADER, proposal(iterations=None))
    assert 'epochs of unknown length' in report(found)
    assert 'training: unknown, because the length of an epoch depends on' in report(found)


def test_without_its_data_scenes_of_its_size_stand_in(tmp_path):
    config = write_config(tmp_path)
    config.write_text(config.read_text() + "\ntasks['semseg']['num_classes'] = 40\n"
                      "train_dataloader['dataset'] = dict(type='NYUDMT', data_root='no_such', "
                      "pipeline=[dict(type='RandomCrop', size=(24, 40)), dict(type='Pad', size=(24, 40))])\n")
    found = plan(config, data_root=tmp_path, seconds=0.01)
    assert found.input_size == (24, 40) and 'no_such' in found.loader.why and 'no_such' in report(found)


def test_a_config_that_does_not_train(tmp_path):
    config = write_config(tmp_path)
    config.write_text(config.read_text() + '\ntrain_cfg = None\n')
    with pytest.raises(ValueError, match='no train_cfg'):
        plan(config)
