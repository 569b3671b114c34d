import numpy as np
import pytest
import torch

from mtkd.metrics import MeanIoU

PRED, LABEL = torch.tensor([[0, 1, 1, 1]]).byte(), torch.tensor([[0, 0, 1, 255]]).byte()


def score(metric, *pairs):
    return metric.summarise(torch.stack([metric.record(pred, label) for pred, label in pairs]))


def test_vectors_of_the_fact_sheet():
    zero = score(MeanIoU(3, absent='zero', legacy_per_image=True), (PRED, LABEL))
    assert zero['mIoU'] == pytest.approx(100 / 3, abs=1e-4)
    assert zero['legacy_mIoU'] == pytest.approx(41.6667, abs=1e-4)
    assert zero['pixAcc'] == zero['legacy_pixAcc'] == pytest.approx(200 / 3)
    assert zero['num_absent'] == 1
    assert score(MeanIoU(3, absent='ignore'), (PRED, LABEL))['mIoU'] == pytest.approx(50)


def test_against_sets_of_pixels_over_pictures_of_different_sizes():
    rng = np.random.default_rng(1)
    pairs = []
    for size in ((9, 11), (5, 4), (16, 3)):
        label = rng.integers(0, 6, size).astype(np.uint8)
        label[0] = 255
        pairs.append((rng.integers(0, 6, size).astype(np.uint8), label))
    pred, label = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
    pred, label = pred[label != 255], label[label != 255]
    iou = np.array([((pred == c) & (label == c)).sum() / ((pred == c) | (label == c)).sum() for c in range(6)])
    numbers = score(MeanIoU(6, without=(5, 0)), *((torch.from_numpy(p), torch.from_numpy(y)) for p, y in pairs))
    assert numbers['mIoU'] == pytest.approx(iou.mean() * 100)
    assert numbers['pixAcc'] == pytest.approx((pred == label).mean() * 100)
    assert numbers['mIoU_without_0_5'] == pytest.approx(iou[1:5].mean() * 100)
    assert numbers['num_absent'] == 0


def test_legacy_averages_pictures_not_pixels():
    right = torch.zeros(8, 8).byte()
    wrong = torch.ones(1, 1).byte()
    numbers = score(MeanIoU(2, legacy_per_image=True), (right, right), (wrong, torch.zeros(1, 1).byte()))
    assert numbers['legacy_pixAcc'] == numbers['legacy_mIoU'] == 50
    assert numbers['pixAcc'] == pytest.approx(100 * 64 / 65)


def test_record_is_compact():
    assert MeanIoU(40).record(PRED, LABEL).shape == (1600,)
    assert MeanIoU(40).record(PRED, LABEL).dtype == torch.float64


@pytest.mark.parametrize('pred, label, what', [(PRED, LABEL + 3, 'label'), (PRED + 7, LABEL, 'prediction')])
def test_a_class_that_does_not_exist_is_named(pred, label, what):
    label = torch.where(LABEL == 255, LABEL, label)
    with pytest.raises(ValueError, match=f'a {what} holds class .*num_classes is 3'):
        MeanIoU(3).record(pred, label)


@pytest.mark.parametrize('arguments', [{'absent': 'nan'}, {'without': (3,)}])
def test_wrong_arguments(arguments):
    with pytest.raises(ValueError, match='MeanIoU: '):
        MeanIoU(3, **arguments)
