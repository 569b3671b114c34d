import torch

from mtkd.registry import PROB_VIEWS


def test_skips_the_task():
    view = PROB_VIEWS.build({'type': 'none'})
    assert view(torch.zeros(1, 2, 3, 3), 2.0) is None
    assert view.scope == frozenset()
