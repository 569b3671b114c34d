import torch

from mtkd.tasks import Edge


def test_prediction_is_a_probability():
    out = torch.tensor([-3.0, 0.0]).view(1, 1, 1, 2)
    pred = Edge().predict(out)
    assert pred.shape == (1, 1, 2)
    torch.testing.assert_close(pred, out[:, 0].sigmoid())


def test_defaults_are_those_of_nyud():
    assert Edge().loss.w_pos == 0.8
    metric = Edge().metric()
    assert metric.primary == 'odsF' and metric.max_dist == 0.011
    assert Edge(metric={'max_dist': 0.0075}).metric().max_dist == 0.0075


def test_a_right_prediction_scores_full():
    target = torch.zeros(40, 40).byte()
    target[20, 8:32] = 1
    metric = Edge(metric={'thresholds': [0.3, 0.6]}).metric()
    logits = (target.float() * 12 - 6)[None, None]
    numbers = metric.summarise(metric.record(Edge().predict(logits)[0], target)[None])
    assert numbers['odsF'] > 99
