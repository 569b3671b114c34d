import numpy as np
import pytest
import torch

from mtkd.metrics import SaliencyF


def make(rng, size):
    label = rng.integers(0, 2, size).astype(np.uint8)
    prob = (0.6 * rng.random(size) + 0.4 * label).astype(np.float32)
    label[0] = 255
    return prob, label


def score(metric, samples):
    return metric.summarise(torch.stack([metric.record(torch.from_numpy(p), torch.from_numpy(y)) for p, y in samples]))


@pytest.fixture
def samples():
    rng = np.random.default_rng(0)
    return [make(rng, size) for size in ((9, 8), (30, 5), (4, 4))]


def test_against_numpy(samples):
    prob = np.concatenate([p[y != 255] for p, y in samples])
    label = np.concatenate([y[y != 255] for _, y in samples]) == 1
    best = 0.0
    for threshold in np.arange(1, 20) * 0.05:
        marked = prob >= np.float32(threshold)
        hits = (marked & label).sum()
        precision, recall = hits / max(marked.sum(), 1), hits / label.sum()
        if hits:
            best = max(best, 1.3 * precision * recall / (0.3 * precision + recall))
    marked = prob >= 0.5
    iou = [(a & b).sum() / (a | b).sum() for a, b in ((marked, label), (~marked, ~label))]
    assert score(SaliencyF(), samples) == pytest.approx({'maxF': best * 100, 'mIoU': np.mean(iou) * 100})


def test_survey_against_numpy(samples):
    precision, recall, iou = np.zeros((3, len(samples), 15))
    for i, (prob, label) in enumerate(samples):
        prob, salient = prob[label != 255], label[label != 255] == 1
        for j, threshold in enumerate(np.linspace(0.2, 0.9, 15)):
            marked = prob > np.float32(threshold)
            hits = (marked & salient).sum()
            precision[i, j], recall[i, j] = hits / (marked.sum() + 1e-12), hits / (salient.sum() + 1e-12)
            iou[i, j] = hits / (marked | salient).sum()
    p, r = precision.mean(0), recall.mean(0)
    numbers = score(SaliencyF(survey=True), samples)
    assert numbers['survey_maxF'] == pytest.approx((2 * p * r / (p + r + 1e-12)).max() * 100)
    assert numbers['survey_mIoU'] == pytest.approx(iou.mean(0).max() * 100)


def test_perfect_and_empty():
    label = np.array([[0, 1], [1, 0]], np.uint8)
    assert score(SaliencyF(), [(label.astype(np.float32), label)]) == {'maxF': 100, 'mIoU': 100}
    assert score(SaliencyF(), [(np.zeros((2, 2), np.float32), label)])['maxF'] == 0


@pytest.mark.parametrize('threshold', np.arange(1, 20) * 0.05)
def test_a_pixel_at_the_threshold_is_salient(threshold):
    record = SaliencyF().record(torch.full((1, 1), float(threshold)), torch.ones(1, 1).byte())
    assert record[:19].sum() == round(threshold / 0.05)


def test_released_meter_takes_the_sigmoid_twice():
    label = np.array([[1, 1, 0, 0]], np.uint8)
    close = np.array([[0.14, 0.14, 0.06, 0.06]], np.float32)  # .535 and .515 after it: no threshold lies between
    apart = np.array([[0.9, 0.9, 0.1, 0.1]], np.float32)  # .711 and .525
    released = SaliencyF(survey=True, faithful_to_release=True)
    assert score(SaliencyF(), [(close, label)])['maxF'] == 100
    everything = 1.3 * 0.5 / (0.3 * 0.5 + 1) * 100
    assert score(released, [(close, label)])['maxF'] == pytest.approx(everything)
    assert score(released, [(close, label)])['survey_maxF'] == pytest.approx(2 * 0.5 / 1.5 * 100)
    found = score(released, [(apart, label)])
    assert found['maxF'] == found['survey_maxF'] == 100 and found['mIoU'] == 25  # at .5, everything is salient
