import numpy as np
import pytest
import torch

from mtkd.metrics import NormalError
from mtkd.metrics.normals import angle_deg


def vector(*parts):
    return torch.tensor(parts, dtype=torch.float64)[:, None]


@pytest.mark.parametrize('first, second, angle', [
    ((1, 0, 0), (0, 1, 0), 90), ((1, 0, 0), (3, 0, 0), 0), ((0, 0, 2), (0, 0, -1), 180),
    ((1, 0, 0), (1, 1, 0), 45), ((0, 0, 0), (1, 0, 0), 90)])
def test_angles(first, second, angle):
    assert angle_deg(vector(*first), vector(*second)).item() == pytest.approx(angle, abs=1e-12)


def test_small_angles_are_exact():
    angle = 1e-6
    assert angle_deg(vector(1, 0, 0), vector(np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle)), 0)).item() == \
        pytest.approx(angle, rel=1e-6)


def pairs(rng):
    for size in ((30, 40), (7, 90)):
        label = rng.normal(size=(3, *size))
        label[:, 0] = 0
        yield label + rng.normal(size=label.shape) * 0.4, label


def score(metric, samples):
    return metric.summarise(torch.stack([
        metric.record(torch.from_numpy(p).float(), torch.from_numpy(n).float()) for p, n in samples]))


def test_against_numpy_over_pooled_pixels():
    angles = []
    samples = list(pairs(np.random.default_rng(0)))
    for pred, label in samples:
        valid = (label != 0).any(0)
        p, n = pred[:, valid], label[:, valid]
        cos = (p * n).sum(0) / np.linalg.norm(p, axis=0) / np.linalg.norm(n, axis=0)
        angles.append(np.degrees(np.arccos(cos.clip(-1, 1))))
    pooled = np.concatenate(angles)
    numbers = score(NormalError(legacy_per_image=True), samples)
    assert numbers['mErr'] == pytest.approx(pooled.mean(), rel=1e-6)
    assert numbers['rmse'] == pytest.approx(np.sqrt((pooled ** 2).mean()), rel=1e-6)
    assert numbers['median'] == pytest.approx(np.median(pooled), abs=0.02)
    assert numbers['legacy_median'] == pytest.approx(np.mean([np.median(a) for a in angles]), abs=0.1)
    for limit in (11.25, 22.5, 30):
        assert numbers[f'within_{limit:g}'] == pytest.approx((pooled < limit).mean() * 100)


def test_median_is_that_of_the_pooled_pixels():
    flat = torch.tensor([0.0, 0, 1]).view(3, 1, 1)
    exact, off = flat.expand(3, 1, 9), torch.tensor([0.0, 1, 0]).view(3, 1, 1)
    numbers = NormalError(legacy_per_image=True).summarise(torch.stack([
        NormalError(legacy_per_image=True).record(exact, exact), NormalError(legacy_per_image=True).record(off, flat)]))
    assert numbers['median'] < 0.01
    assert numbers['legacy_median'] == pytest.approx(45)
    assert numbers['mErr'] == pytest.approx(9)


def test_a_vector_whose_components_cancel_is_valid():
    label = torch.tensor([1.0, -1.0, 0.0]).view(3, 1, 1)
    metric = NormalError()
    assert metric.summarise(metric.record(-label, label)[None])['mErr'] == pytest.approx(180)


def test_record_is_float32_and_holds_the_histogram():
    label = torch.tensor([0.0, 0, 1]).view(3, 1, 1).expand(3, 4, 5)
    record = NormalError().record(label, label)
    assert record.dtype == torch.float32 and record.shape == (18006,)
    assert record[6:].sum() == record[0] == 20
