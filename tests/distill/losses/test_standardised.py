import torch

from mtkd.distill.losses import DKD, LogitStandardised, PlainKD
from mtkd.distill.losses.standardised import standardise

from .official import TEACHERS, check, evaluate, scores


def test_official_values_and_gradients():
    check(LogitStandardised(PlainKD(tau=2.0)), 'kd_standardised_T2', tolerance=1e-8)
    check(LogitStandardised(DKD(temperature=2.0)), 'dkd_standardised_T2', tolerance=1e-8)


def test_mean_and_deviation():
    values = standardise(torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 7 + 3)
    torch.testing.assert_close(values.mean(1), torch.zeros(2, 3, dtype=torch.float64), atol=1e-12, rtol=0)
    torch.testing.assert_close(values.std(1), torch.ones(2, 3, dtype=torch.float64), atol=1e-6, rtol=0)
    assert not standardise(torch.ones(1, 4, 1)).any()


def test_a_scaled_teacher_teaches_the_same():
    loss = LogitStandardised({'type': 'PlainKD', 'tau': 2.0})
    before = evaluate(loss, scores())['kd']
    after = loss(scores().log_softmax(1), (5 * TEACHERS[0] + 2).log_softmax(1))['kd']
    torch.testing.assert_close(after[0].sum() / 4, before, rtol=1e-6, atol=0)
