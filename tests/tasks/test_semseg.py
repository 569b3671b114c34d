import pytest
import torch

from mtkd.tasks import SemanticSegmentation


def test_class_ids_at_the_size_asked_for():
    out = torch.zeros(1, 4, 2, 2)
    out[0, 2, :, 0], out[0, 3, :, 1] = 5, 5
    pred = SemanticSegmentation(4).predict(out, (2, 4))
    assert pred.dtype == torch.uint8 and pred[0].tolist() == [[2, 2, 3, 3]] * 2
    assert SemanticSegmentation(4).predict(out).shape == (1, 2, 2)


def test_metric_is_given_the_classes_and_the_users_arguments():
    metric = SemanticSegmentation(4, metric={'absent': 'ignore', 'without': (0,)}).metric()
    assert metric.num_classes == 4 and metric.absent == 'ignore' and 'mIoU_without_0' in metric.names


@pytest.mark.parametrize('num_classes', [1, 256])
def test_number_of_classes_that_ids_cannot_hold(num_classes):
    with pytest.raises(ValueError, match=f'num_classes is {num_classes}'):
        SemanticSegmentation(num_classes)


def test_logits_that_are_nan_have_no_class():
    logits = torch.zeros(1, 3, 1, 2)
    logits[0, 2] = 1.0
    logits[0, 1, 0, 0] = float('nan')
    task = SemanticSegmentation(3)
    assert task.predict(logits).tolist() == [[[255, 2]]] and task.predict(logits).dtype == torch.uint8
