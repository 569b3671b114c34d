"""The metrics of all tasks as one MMEngine metric."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from mtkd.engine.evaluator import TaskMetrics

TASKS = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 3}, 'depth': {'type': 'Depth'},
         'edge': {'type': 'Edge'}}


def sample(present: bool = True) -> dict:
    edge = torch.zeros(24, 24, dtype=torch.uint8)
    edge[12] = 1
    return {'pred': {'semseg': torch.tensor([[0, 1], [1, 1]], dtype=torch.uint8), 'depth': torch.full((1, 2, 2), 3.0),
                     'edge': edge.float()},
            'target': {'semseg': torch.tensor([[0, 0], [1, 255]], dtype=torch.uint8), 'depth': torch.full((1, 2, 2), 2.0),
                       'edge': edge},
            'present': {'semseg': True, 'depth': present, 'edge': present}}


def test_numbers_and_absent_labels():
    metric = TaskMetrics(TASKS, slow=False)
    metric.process(None, [sample(), sample(present=False)])
    numbers = metric.evaluate(2)
    assert numbers['depth/rmse'] == pytest.approx(1.0)
    assert numbers['semseg/mIoU'] == pytest.approx(100 * (0.5 + 0.5 + 0) / 3)
    assert not any(name.startswith('edge') for name in numbers), 'slow metrics are omitted on request'
    assert set(metric.summary) == {'semseg', 'depth'}


def test_a_task_nobody_has_is_left_out():
    metric = TaskMetrics(TASKS, slow=False)
    metric.process(None, [sample(present=False)])
    assert set(metric.evaluate(1)) and set(metric.summary) == {'semseg'}


def test_workers_and_this_process_agree():
    numbers = []
    for workers in (0, 1):
        metric = TaskMetrics({'edge': TASKS['edge']}, workers=workers)
        metric.process(None, [sample(), sample(present=False)])
        numbers.append(metric.evaluate(2))
    assert numbers[0] == numbers[1]
    assert numbers[0]['edge/odsF'] > 90


def test_workers_start_when_this_process_has_spent_as_long(monkeypatch):
    metric = TaskMetrics({'edge': TASKS['edge']})
    metric.process(None, [sample(), sample()])
    assert metric._pool is None and metric.workers > 0
    metric._alone_s, started = 1e-9, []
    monkeypatch.setattr('mtkd.engine.evaluator.ProcessPoolExecutor',
                        lambda workers, mp_context: started.append(workers) or ThreadPoolExecutor(workers))
    metric.process(None, [sample(), sample()])
    assert started == [metric.workers], 'after the sample that used up the remaining time'
    numbers = metric.evaluate(4)
    alone = TaskMetrics({'edge': TASKS['edge']}, workers=0)
    alone.process(None, [sample()] * 4)
    assert numbers == alone.evaluate(4)


def test_a_sample_too_few_is_an_error():
    metric = TaskMetrics(TASKS, slow=False)
    metric.process(None, [sample()])
    with pytest.raises(RuntimeError, match='1 samples were scored, the data set has 2'):
        metric.evaluate(2)
