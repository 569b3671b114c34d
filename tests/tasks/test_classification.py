import pytest
import torch

from mtkd.tasks import Classification


def test_prediction_is_the_distribution_over_classes():
    out = torch.randn(3, 6)
    torch.testing.assert_close(Classification(6).predict(out), out.softmax(1))


def test_other_metric():
    assert Classification(8, metric='AgeGroupAccuracy').metric().primary == 'exact'


def test_missing_labels_count_nothing():
    total, count = Classification(6).losses(torch.randn(2, 6), torch.tensor([-1, 2]))['ce']
    assert total[0] == 0 and count.tolist() == [0, 1]


def test_too_few_classes():
    with pytest.raises(ValueError, match='num_classes is 1'):
        Classification(1)


def test_a_merged_label_space():
    task = Classification(3, offset=4, total=9)
    out = torch.randn(3, 9)
    total, count = task.losses(out, torch.tensor([0, 2, -1]))['ce']
    assert task.out_channels == 9 and count.tolist() == [1, 1, 0] and total[2] == 0
    torch.testing.assert_close(total[:2], -out.log_softmax(1)[[0, 1], [4, 6]])
    metric, scores = task.metric(), torch.eye(9)
    records = [metric.record(scores[k], torch.tensor(label)) for k, label in ((4, 0), (6, 2), (0, 0), (5, -1))]
    assert metric.summarise(torch.stack(records))['top1'] == pytest.approx(200 / 3), 'a class of another data set is wrong'
    with pytest.raises(ValueError, match='3 classes from 7 on do not fit into 9'):
        Classification(3, offset=7, total=9)


def test_probabilities_that_are_nan_are_drawn_as_no_class():
    picture = Classification(3).draw(torch.tensor([[0.1, float('nan'), 0.2], [0.0, 1.0, 0.0]]))
    assert not picture[0].any() and picture[1].any()
