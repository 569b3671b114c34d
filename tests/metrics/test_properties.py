"""Properties of every metric with one record per sample."""

import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtkd.metrics import Accuracy, AgeError, AgeGroupAccuracy, BoundaryF, DepthError, MeanIoU, NormalError, SaliencyF
from mtkd.registry import METRICS
from mtkd.structures import IGNORE, KINDS


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


def _edges(rng):
    return _saliency(rng)


WITH_BOUNDARIES = {**CASES, 'boundaries': (BoundaryF(), 'binary_map', _edges),
                   'boundaries fast': (BoundaryF(mode='fast', protocol='survey'), 'binary_map', _edges)}


def test_every_metric_is_tried():
    METRICS.import_from_location()
    own = {cls for cls in METRICS.module_dict.values() if cls.__module__.startswith('mtkd.metrics')}
    assert own == {type(metric) for metric, _, _ in WITH_BOUNDARIES.values()}


def _spoil(pred, where):
    """A prediction with one NaN; in a class map, the id that stands for it."""
    spoilt = pred.clone()
    spoilt.view(-1)[where % spoilt.numel()] = float('nan') if spoilt.is_floating_point() else IGNORE
    return spoilt


@pytest.mark.parametrize('name', WITH_BOUNDARIES)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000), where=st.integers(0, 1000), of=st.integers(0, 3))
def test_one_nan_in_one_prediction_leaves_no_number(name, seed, where, of):
    metric, _, make = WITH_BOUNDARIES[name]
    rng = np.random.default_rng(seed)
    samples = [make(rng) for _ in range(4)]
    records = [metric.record(_spoil(pred, where) if i == of else pred, target) for i, (pred, target) in enumerate(samples)]
    numbers = metric.summarise(torch.stack(records))
    assert list(numbers) == list(metric.names) and all(math.isnan(number) for number in numbers.values())


@pytest.mark.parametrize('name', WITH_BOUNDARIES)
def test_predictions_that_are_nan_throughout_leave_no_number(name):
    metric, _, make = WITH_BOUNDARIES[name]
    pred, target = make(np.random.default_rng(0))
    spoilt = torch.full_like(pred, float('nan') if pred.is_floating_point() else IGNORE)
    assert all(math.isnan(number) for number in metric.summarise(metric.record(spoilt, target)[None]).values())


@pytest.mark.parametrize('name', [name for name, (_, kind, _) in WITH_BOUNDARIES.items() if KINDS[kind].spatial])
@settings(max_examples=10, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000))
def test_a_nan_where_nothing_is_labelled_changes_nothing(name, seed):
    metric, kind, make = WITH_BOUNDARIES[name]
    pred, target = make(np.random.default_rng(seed))
    target, spoilt = target.clone(), pred.clone()
    target[..., 2, 3] = KINDS[kind].pad_value
    spoilt[..., 2, 3] = float('nan') if pred.is_floating_point() else IGNORE
    numbers = metric.summarise(metric.record(spoilt, target)[None])
    if 'legacy' in ''.join(numbers) and not pred.is_floating_point():
        return  # a prediction on an ignored pixel counts as a false positive of its class
    pred = pred.clone()
    if pred.ndim == 2 and pred.is_floating_point():
        pred[2, 3] = 0.0
    assert numbers == pytest.approx(metric.summarise(metric.record(pred, target)[None]), nan_ok=True)
