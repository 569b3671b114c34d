import numpy as np
import pytest
import torch

from mtkd.metrics import DepthError


def make(rng, size):
    label = rng.uniform(0.7, 10, size).astype(np.float32)
    label[0] = 0
    return rng.uniform(-1, 10, size).astype(np.float32), label


def score(metric, pairs):
    return metric.summarise(torch.stack([
        metric.record(torch.from_numpy(p)[None], torch.from_numpy(d)[None]) for p, d in pairs]))


def test_against_numpy_over_pooled_pixels():
    rng = np.random.default_rng(0)
    pairs = [make(rng, size) for size in ((7, 9), (20, 3))]
    pred, label = (np.concatenate([p[k].astype(np.float64).ravel() for p in pairs]) for k in (0, 1))
    pred, label = pred[label > 0].clip(0), label[label > 0]
    error = np.abs(pred - label)
    with np.errstate(divide='ignore'):
        ratio = np.maximum(pred / label, label / pred)
    numbers = score(DepthError(), pairs)
    assert numbers == pytest.approx({
        'rmse': np.sqrt((error ** 2).mean()), 'absErr': error.mean(), 'relErr': (error / label).mean(),
        'log_rmse': np.sqrt((np.log(pred.clip(1e-3) / label) ** 2).mean()),
        'delta1': (ratio < 1.25).mean() * 100, 'delta2': (ratio < 1.25 ** 2).mean() * 100,
        'delta3': (ratio < 1.25 ** 3).mean() * 100}, rel=1e-9)


def test_per_image_rmse_is_another_number():
    label = np.full((1, 2), 2, np.float32)
    pairs = [(label + 1, label), (label + 3, label)]
    numbers = score(DepthError(legacy_per_image=True), pairs)
    assert numbers['rmse'] == pytest.approx(5 ** 0.5)
    assert numbers['legacy_rmse'] == pytest.approx(2)
    assert numbers['legacy_absErr'] == pytest.approx(2) and numbers['legacy_relErr'] == pytest.approx(1)


def test_negative_prediction_counts_as_zero():
    label = np.full((1, 1), 2, np.float32)
    assert score(DepthError(), [(label * -5, label)])['absErr'] == 2


def test_holes_do_not_count():
    label = np.array([[0, 1]], np.float32)
    assert score(DepthError(), [(np.array([[9, 1]], np.float32), label)])['rmse'] == 0


def test_the_unit_is_that_of_the_labels():
    assert {DepthError().names[name].unit for name in ('rmse', 'absErr')} == {'m'}
    inverse = DepthError(unit='', legacy_per_image=True)
    assert {inverse.names[name].unit for name in ('rmse', 'absErr', 'relErr', 'legacy_absErr')} == {''}
    assert score(inverse, [(np.full((1, 1), 0.02, np.float32), np.full((1, 1), 0.01, np.float32))])['absErr'] == \
        pytest.approx(0.01)
