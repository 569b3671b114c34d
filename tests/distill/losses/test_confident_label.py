import pytest
import torch
import torch.nn.functional as F

from mtkd.distill.losses import ConfidentLabel


def test_sure_predictions_are_labels_and_the_mean_is_over_all():
    """Equal to ``mean(cross_entropy(strong, argmax(weak)) * (max softmax(weak) >= threshold))``."""
    rng = torch.Generator().manual_seed(0)
    strong, weak = (torch.randn(16, 4, generator=rng) * 3 for _ in range(2))
    sure = weak.softmax(1).amax(1) >= 0.8
    assert 2 < sure.sum() < 14
    wanted = (F.cross_entropy(strong, weak.argmax(1), reduction='none') * sure).mean()
    total, count = ConfidentLabel(0.8)(strong.log_softmax(1), weak.log_softmax(1))['fixmatch']
    torch.testing.assert_close(total.sum() / count.sum(), wanted)


def test_unsure_predictions_teach_nothing():
    strong = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    total, count = ConfidentLabel()(strong.log_softmax(1), torch.zeros(3, 4).log_softmax(1))['fixmatch']
    total.sum().backward()
    assert not total.any() and count.tolist() == [1, 1, 1] and not strong.grad.any()


def test_a_threshold_is_a_probability():
    with pytest.raises(ValueError, match='threshold=2'):
        ConfidentLabel(2)
