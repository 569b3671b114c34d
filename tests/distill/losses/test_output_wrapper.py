import pytest
import torch

from mtkd.distill import PlainKD
from mtkd.distill.losses import CAMKD, CauchySchwarz, FitNets, OutputWrapper

from .official import TEACHERS, scores


class Plain(OutputWrapper):
    def compare(self, student, teacher, mask, **asked):
        return self.inner(student, teacher, mask, **asked)


@pytest.mark.parametrize('loss', [PlainKD(tau=2.0), CauchySchwarz(tau=2.0)])
def test_scores_that_stay_are_the_loss_itself(loss):
    student, teacher = scores().detach(), TEACHERS[0]
    probs = [(out / 2).log_softmax(1) if loss.reads == 'log_probs' else (out / 2).softmax(1) for out in (student, teacher)]
    wanted, found = loss(*probs), Plain(loss)(student.log_softmax(1), teacher.log_softmax(1))
    assert found.keys() == wanted.keys()
    for term in wanted:
        torch.testing.assert_close(found[term], wanted[term])


def test_what_the_loss_wants_is_handed_on():
    wrapped = Plain({'type': 'CAMKD'})
    assert (wrapped.terms, wrapped.several, wrapped.asks) == (('camkd',), ('teacher',), ('target',))
    own, target = scores().detach().log_softmax(1), torch.tensor([0, 1, 2, 3])
    teachers = tuple(teacher.log_softmax(1) for teacher in TEACHERS)
    torch.testing.assert_close(wrapped(own, teachers, target=target), CAMKD()(own, teachers, target=target))


def test_features_are_refused():
    with pytest.raises(ValueError, match='Plain wraps losses that use the probabilities'):
        Plain(FitNets())
