import torch

from mtkd.distill.losses import EBKD

from .official import check


def test_official_values_and_gradients():
    check(EBKD(), 'ebkd')


def test_a_sure_teacher_counts_more():
    sure, unsure = torch.tensor([[[0.0], [-30.0]]]), torch.tensor([[[0.5], [0.5]]]).log()
    weights = EBKD().weigh(unsure, (sure, unsure), None)
    torch.testing.assert_close(weights[:, 0, 0], torch.tensor([0.5, 0.0]), atol=1e-6, rtol=0)
    certain = torch.tensor([[[0.0], [-torch.inf]]]).nan_to_num(neginf=-1e4)
    torch.testing.assert_close(EBKD().weigh(unsure, (certain, certain), None)[:, 0, 0], torch.tensor([0.5, 0.5]))
