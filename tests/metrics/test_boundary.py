import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.morphology import thin

from mtkd.metrics import boundary_match as bm
from mtkd.metrics.boundary import BoundaryF
from mtkd.registry import METRICS

from .test_boundary_match import blurred, contours, matched_pairs


def straightforward(prob, label, max_dist, thresholds, nms=True, border=5, inclusive=False):
    """(4 T,): each threshold separately."""
    valid = label != 255
    target = thin(label == 1) & valid
    strength = np.floor(prob * np.float32(255)).astype(np.float64) / 255
    if nms:
        strength = bm.suppress_non_maxima(strength, border)
    rows = []
    for threshold in thresholds:
        binary = thin(strength >= threshold if inclusive else strength > threshold) & valid
        pairs = matched_pairs(binary, target, max_dist * math.hypot(*target.shape))
        rows.append((pairs, target.sum(), pairs, binary.sum()))
    return np.array(rows, dtype=float).T.ravel()


def sample(seed, size=(60, 80)):
    rng = np.random.default_rng(seed)
    edge = contours(rng, size)
    prob, label = blurred(rng, edge).astype(np.float32), edge.astype(np.uint8)
    label[:9, 20:50] = 255
    return torch.from_numpy(prob), torch.from_numpy(label)


def counts(*rows):
    """A record from rows of (matched targets, targets, matched predictions, predictions), one per threshold."""
    return torch.tensor(rows, dtype=torch.float64).T.ravel()


def test_thresholds():
    seism, survey = BoundaryF().thresholds, BoundaryF(protocol='survey').thresholds
    assert len(seism) == 101
    assert (seism[0], seism[1], seism[50], seism[-2], seism[-1]) == (0.001, 0.01, 0.5, 0.99, 0.999)
    assert (len(survey), survey[0], survey[-1]) == (99, 0.01, 0.99)


def test_registered():
    assert METRICS.module_dict['BoundaryF'] is BoundaryF
    metric = BoundaryF()
    assert metric.slow
    assert metric.primary == 'odsF'
    assert {(info.unit, info.higher_is_better) for info in metric.names.values()} == {('%', True)}


@pytest.mark.parametrize(('max_dist', 'size', 'pixels'),
                         [(0.0075, (375, 500), 4.69), (0.011, (425, 560), 7.73), (0.011, (480, 640), 8.8)])
def test_radius(max_dist, size, pixels):
    assert BoundaryF(max_dist).radius(size) == pytest.approx(pixels, abs=0.005)


@pytest.mark.parametrize('seed', [0, 1])
def test_record_against_the_straightforward_way(seed):
    prob, label = sample(seed)
    for max_dist in (0.0075, 0.03):
        metric = BoundaryF(max_dist)
        record = metric.record(prob, label)
        assert record.dtype == torch.float64
        assert record.shape == (404,)
        expected = straightforward(prob.numpy(), label.numpy(), max_dist, metric.thresholds)
        np.testing.assert_array_equal(record.numpy(), expected)
        assert (expected[:40] > 0).all() and (expected[:101] < expected[101:202]).all()  # some pairs, not all


def test_survey_protocol_against_the_straightforward_way():
    prob, label = sample(3)
    metric = BoundaryF(0.02, protocol='survey')
    expected = straightforward(prob.numpy(), label.numpy(), 0.02, metric.thresholds, nms=False, inclusive=True)
    np.testing.assert_array_equal(metric.record(prob, label).numpy(), expected)


def test_a_pixel_at_the_threshold():
    """51 / 255 = .2 exactly: a pixel at the threshold, not above it."""
    prob = torch.zeros(20, 20)
    prob[:, 10] = 51.4 / 255  # truncated to 51, not rounded
    label = (prob > 0).to(torch.uint8)
    for protocol, predicted in (('seism', 0), ('survey', 20)):
        metric = BoundaryF(0.1, [0.2], nms=False, protocol=protocol)
        assert metric.record(prob, label).tolist() == [predicted, 20, predicted, predicted]


def test_perfect_prediction():
    """Thinned contours with probability 1: recall is perfect except for the attenuated border."""
    label = torch.from_numpy(contours(np.random.default_rng(2), (100, 120)).astype(np.uint8))
    metric = BoundaryF()
    score = metric.summarise(metric.record(label.float(), label)[None])
    assert score['odsF'] > 97
    assert score['oisF'] == pytest.approx(score['odsF'])
    plain = BoundaryF(nms=False)
    assert plain.summarise(plain.record(label.float(), label)[None])['odsF'] == 100


def test_moved_too_far():
    label = torch.zeros(60, 80, dtype=torch.uint8)
    label[20:40, 30] = 1
    pred = torch.zeros(60, 80)
    for shift, expected in ((2, 100), (3, 0)):  # the radius is 2.5
        pred.zero_()
        pred[20:40, 30 + shift] = 1
        metric = BoundaryF(0.025, nms=False)
        assert metric.summarise(metric.record(pred, label)[None])['odsF'] == expected


def test_invalid_pixels_do_not_count():
    prob, label = sample(4)
    invalid = label == 255
    metric = BoundaryF(0.02, nms=False, thin=False)
    noisy = torch.where(invalid, torch.rand(prob.shape, generator=torch.Generator().manual_seed(0)), prob)
    empty = torch.where(invalid, 0, prob)
    assert torch.equal(metric.record(noisy, label), metric.record(empty, label))
    everything = metric.record(torch.ones_like(prob), label).view(4, -1)
    assert (everything[3] == (~invalid).sum()).all()
    assert (everything[1] == (label == 1).sum()).all()


def test_unlabelled_sample_changes_nothing():
    prob, label = sample(5)
    metric = BoundaryF(0.02)
    nothing = metric.record(prob, torch.full_like(label, 255))
    assert not nothing.any()
    record = metric.record(prob, label)
    assert metric.summarise(torch.stack([record, nothing])) == metric.summarise(record[None])
    assert all(math.isnan(value) for value in metric.summarise(nothing[None]).values())


def test_no_target_and_no_prediction():
    zeros = torch.zeros(30, 30)
    line = zeros.clone()
    line[:, 15] = 1
    metric = BoundaryF(0.05, [0.5], nms=False)
    false_alarm = metric.record(line, zeros.to(torch.uint8))
    missed = metric.record(zeros, line.to(torch.uint8))
    hit = metric.record(line, line.to(torch.uint8))
    assert false_alarm.tolist() == [0, 0, 0, 30]
    assert missed.tolist() == [0, 30, 0, 0]
    for record in (false_alarm, missed):
        assert metric.summarise(record[None])['odsF'] == 0
        assert metric.summarise(record[None])['oisF'] == 0
        # pooled with a match: P and R are 1/2 and 1, or 1 and 1/2
        assert metric.summarise(torch.stack([hit, record]))['odsF'] == pytest.approx(200 / 3)


def test_numbers_by_hand():
    """Two images, two thresholds."""
    metric = BoundaryF(thresholds=[0.3, 0.6])
    records = torch.stack([counts((8, 10, 8, 20), (6, 10, 6, 6)), counts((9, 10, 9, 10), (1, 10, 1, 1))])
    # pooled: R 17/20, P 17/30 and R 7/20, P 7/7
    low, high = 2 * 17 / (20 + 30), 2 * 7 / (20 + 7)
    # best of each image: the second threshold (12/16 against 16/30), the first (18/20 against 2/11)
    own = 2 * 15 / (20 + 16)
    recall = np.arange(35, 86) / 100
    precision = 1 + (recall - 0.35) / 0.5 * (17 / 30 - 1)
    score = metric.summarise(records)
    assert score['odsF'] == pytest.approx(100 * max(low, high))
    assert score['oisF'] == pytest.approx(100 * own)
    assert score['AP'] == pytest.approx(precision.sum())


def test_average_precision_of_one_recall_is_zero():
    assert BoundaryF(thresholds=[0.5]).summarise(counts((5, 10, 5, 10))[None])['AP'] == 0


def test_average_precision_with_empty_predictions():
    """A threshold without predictions starts the curve at precision 1."""
    score = BoundaryF(thresholds=[0.5, 0.9]).summarise(counts((10, 10, 10, 20), (0, 10, 0, 0))[None])
    assert score['AP'] == pytest.approx(np.linspace(1, 0.5, 101).sum())


def test_order_of_the_records_does_not_matter():
    metric = BoundaryF(0.02)
    records = torch.stack([metric.record(*sample(seed, (30, 40 + seed))) for seed in range(3)])
    assert metric.summarise(records) == pytest.approx(metric.summarise(records.flip(0)))


def test_fast_mode():
    prob, label = sample(6)
    exact, fast = BoundaryF(0.03), BoundaryF(0.03, mode='fast')
    assert fast.primary == 'odsF_fast'
    assert set(fast.names) == {'odsF_fast', 'oisF_fast', 'AP_fast'}
    assert exact.names.keys().isdisjoint(fast.names)
    exact_record, fast_record = (metric.record(prob, label).view(4, -1) for metric in (exact, fast))
    assert torch.equal(exact_record[1::2], fast_record[1::2])
    assert (fast_record >= exact_record).all()
    assert (fast_record[0] > exact_record[0]).any()
    i = 20
    strength = bm.suppress_non_maxima(np.floor(prob.numpy() * 255) / 255.0)
    binary = thin(strength > fast.thresholds[i]) & (label.numpy() != 255)
    away = ndimage.distance_transform_edt(~binary)
    assert fast_record[0, i] == (away[thin(label.numpy() == 1)] <= 0.03 * 100).sum()
    assert set(fast.summarise(fast_record.view(1, -1))) == set(fast.names)


def test_seism_quirk_doubles_the_contour():
    label = torch.zeros(30, 40, dtype=torch.uint8)
    label[:, 20] = 1
    pred = label.float()
    plain, quirk = (BoundaryF(0.1, seism_quirk=flag).record(pred, label).view(4, -1)[1, 0] for flag in (False, True))
    assert plain == 30
    # columns 19 and 20 differ from their right neighbours: two columns, which thinning reduces to the left one
    expected = thin(bm.partition_boundary(label.numpy()))
    assert quirk == expected.sum()
    assert BoundaryF(0.1, seism_quirk=True, thin=False).record(pred, label).view(4, -1)[1, 0] == 60


def test_thin_can_be_left_out():
    block = torch.zeros(30, 30)
    block[10:16, 10:16] = 1
    label = block.to(torch.uint8)
    record = BoundaryF(0.1, [0.5], nms=False, thin=False).record(block, label)
    assert record.tolist() == [36, 36, 36, 36]
    assert BoundaryF(0.1, [0.5], nms=False).record(block, label)[1] < 10


def test_half_precision_predictions():
    prob, label = sample(7, (40, 40))
    metric = BoundaryF(0.03)
    assert torch.equal(metric.record(prob.bfloat16(), label), metric.record(prob.bfloat16().float(), label))


@pytest.mark.parametrize(('arguments', 'message'), [
    ({'protocol': 'bsds'}, "protocol='bsds' is unknown"),
    ({'mode': 'quick'}, "mode='quick' is unknown"),
    ({'max_dist': 0}, 'max_dist'),
    ({'border': -1}, 'border'),
    ({'thresholds': []}, 'ascending'),
    ({'thresholds': [0.5, 0.2]}, 'ascending'),
    ({'thresholds': [0.0], 'protocol': 'survey'}, 'lowest'),
])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        BoundaryF(**arguments)


def test_wrong_predictions():
    label = torch.zeros(8, 8, dtype=torch.uint8)
    metric = BoundaryF()
    with pytest.raises(ValueError, match='the same shape'):
        metric.record(torch.zeros(8, 9), label)
    with pytest.raises(ValueError, match='sigmoid'):
        metric.record(torch.full((8, 8), 1.5), label)
    with pytest.raises(ValueError, match='sigmoid'):
        metric.record(torch.full((8, 8), math.inf), label)
