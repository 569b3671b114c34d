import pytest
import torch

from mtkd.distill import PlainKD
from mtkd.distill.losses import TopKTeacher
from mtkd.distill.losses.top_k import from_top_k, keep_top_k

from .official import TEACHERS, scores

PROBS = torch.tensor([[0.5, 0.04, 0.3, 0.1, 0.06]], dtype=torch.float64)


def test_the_rest_is_shared_or_dropped():
    values, classes = keep_top_k(PROBS.log(), 2)
    assert classes.tolist() == [[0, 2]]
    whole = from_top_k(values, classes, 5).exp()
    torch.testing.assert_close(whole, torch.tensor([[0.5, 0.2 / 3, 0.3, 0.2 / 3, 0.2 / 3]], dtype=torch.float64))
    dropped = from_top_k(values, classes, 5, 'none').exp()
    torch.testing.assert_close(dropped, torch.tensor([[0.625, 0, 0.375, 0, 0]], dtype=torch.float64), atol=1e-12, rtol=0)


@pytest.mark.parametrize('rest', ['even', 'none'])
def test_all_classes_are_the_loss_itself(rest):
    own, teacher = scores().detach(), TEACHERS[0]
    wanted = PlainKD(tau=2.0)((own / 2).log_softmax(1), (teacher / 2).log_softmax(1))
    for k in (5, 99):
        found = TopKTeacher({'type': 'PlainKD', 'tau': 2.0}, k, rest)(own.log_softmax(1), teacher.log_softmax(1))
        torch.testing.assert_close(found, wanted)


def test_fewer_classes_are_a_distribution_near_it():
    own, teacher = scores().detach().log_softmax(1), TEACHERS[0].log_softmax(1)
    full = PlainKD(tau=1.0)(own, teacher)['kd'][0]
    gaps = [(TopKTeacher(PlainKD(tau=1.0), k)(own, teacher)['kd'][0] - full).abs().sum() for k in (1, 2, 4)]
    assert gaps[0] > gaps[1] > gaps[2]


def test_what_cannot_be_is_refused():
    for options in ({'k': 0}, {'k': 2, 'rest': 'most'}):
        with pytest.raises(ValueError, match='TopKTeacher: k='):
            TopKTeacher(PlainKD(), **options)
