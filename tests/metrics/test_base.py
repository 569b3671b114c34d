import dataclasses

import pytest
import torch

from mtkd.metrics import MetricInfo, TaskMetric


def test_info_is_frozen():
    info = MetricInfo('m', False)
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.unit = 'mm'


def test_an_empty_metric_says_what_is_missing():
    metric = TaskMetric()
    assert metric.slow is False
    with pytest.raises(TypeError, match='does not implement record'):
        metric.record(torch.zeros(1), torch.zeros(1))
    with pytest.raises(TypeError, match='does not implement summarise'):
        metric.summarise(torch.zeros(1, 1))
    with pytest.raises(TypeError, match='does not implement names'):
        _ = metric.names
