import torch

from mtkd.distill import PlainKD
from mtkd.distill.losses import BernoulliKD
from mtkd.tasks import build_tasks

from .official import check


def test_official_values_and_gradients():
    check(BernoulliKD(), 'mld')


def test_one_channel_is_plain_distillation_of_a_sigmoid_pair():
    rng = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(2, 1, 3, 4, generator=rng) * 4 for _ in range(2))
    view = build_tasks({'edge': {'type': 'Edge'}})['edge'].prob_view
    wanted = PlainKD(tau=2.0)(view.log_probs(student, 2.0), view.log_probs(teacher, 2.0))['kd']
    torch.testing.assert_close(BernoulliKD(tau=2.0)(student, teacher)['bernoulli'], wanted)


def test_large_logits_are_exact():
    student, teacher = torch.tensor([[-200.0]]), torch.tensor([[300.0]])
    assert BernoulliKD()(student, teacher)['bernoulli'][0].item() == 200.0
