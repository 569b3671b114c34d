"""What holds for every metric of one record per sample."""

import math
import pickle

import numpy as np
import pytest
import torch

from mtkd.metrics import Accuracy, AgeError, AgeGroupAccuracy, DepthError, MeanIoU, NormalError, SaliencyF
from mtkd.structures import KINDS


def _maps(num_classes):
    def make(rng):
        return (torch.from_numpy(rng.integers(0, num_classes, (6, 8)).astype(np.uint8)),
                torch.from_numpy(rng.integers(0, num_classes, (6, 8)).astype(np.uint8)))
    return make


def _depth(rng):
    pred, target = (torch.from_numpy(rng.uniform(0.5, 5, (1, 6, 8)).astype(np.float32)) for _ in range(2))
    return pred, target


def _normals(rng):
    pred, target = (torch.from_numpy(rng.normal(size=(3, 6, 8)).astype(np.float32)) for _ in range(2))
    return pred, target


def _saliency(rng):
    return torch.from_numpy(rng.random((6, 8), np.float32)), _maps(2)(rng)[1]


def _label(rng):
    return torch.from_numpy(rng.random(8)), torch.tensor(int(rng.integers(8)))


def _age(rng):
    return torch.tensor(rng.uniform(0, 90)), torch.tensor(rng.uniform(0, 90))


CASES = {
    'segmentation': (MeanIoU(5), 'class_map', _maps(5)),
    'segmentation with all': (MeanIoU(5, 'ignore', (0, 3), True), 'class_map', _maps(5)),
    'depth': (DepthError(), 'depth', _depth),
    'depth per image': (DepthError(legacy_per_image=True), 'depth', _depth),
    'normals': (NormalError(), 'normals', _normals),
    'normals per image': (NormalError(legacy_per_image=True), 'normals', _normals),
    'saliency': (SaliencyF(), 'binary_map', _saliency),
    'saliency survey': (SaliencyF(survey=True), 'binary_map', _saliency),
    'classification': (Accuracy(8), 'class_label', _label),
    'age': (AgeError(), 'scalar', _age),
    'age groups': (AgeGroupAccuracy(), 'class_label', _label),
}


@pytest.fixture(params=CASES)
def case(request):
    metric, kind, make = CASES[request.param]
    rng = np.random.default_rng(0)
    samples = [make(rng) for _ in range(4)]
    empty = KINDS[kind].to_tensor(KINDS[kind].empty((6, 8)))
    return metric, samples, empty


def test_names_are_what_is_reported(case):
    metric, samples, _ = case
    numbers = metric.summarise(torch.stack([metric.record(*s) for s in samples]))
    assert list(numbers) == list(metric.names)
    assert all(type(number) is float and math.isfinite(number) for number in numbers.values())
    assert metric.primary in metric.names
    assert not any('loss' in name or '/' in name for name in numbers)


def test_record_has_one_size_whatever_the_picture(case):
    metric, samples, empty = case
    sizes = {metric.record(*s).shape for s in samples} | {metric.record(samples[0][0], empty).shape}
    assert len(sizes) == 1 and len(sizes.pop()) == 1


def test_a_sample_without_a_label_changes_nothing(case):
    metric, samples, empty = case
    records = [metric.record(*s) for s in samples]
    with_empty = [*records, metric.record(samples[0][0], empty)]
    assert metric.summarise(torch.stack(records)) == metric.summarise(torch.stack(with_empty))


def test_nothing_labelled_is_nan(case):
    metric, samples, empty = case
    numbers = metric.summarise(torch.stack([metric.record(samples[0][0], empty)] * 2))
    assert list(numbers) == list(metric.names)
    assert all(math.isnan(number) for name, number in numbers.items() if name != 'num_absent')


def test_order_does_not_matter(case):
    metric, samples, _ = case
    records = torch.stack([metric.record(*s) for s in samples])
    numbers, turned = metric.summarise(records), metric.summarise(records.flip(0))
    assert turned == pytest.approx(numbers, rel=1e-12)


def test_travels_to_a_worker_process(case):
    metric, samples, _ = case
    again = pickle.loads(pickle.dumps(metric))
    assert torch.equal(again.record(*samples[0]), metric.record(*samples[0]))
