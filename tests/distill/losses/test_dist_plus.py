import torch

from mtkd.distill import DIST
from mtkd.distill.losses import DISTPlus

from .official import LABELS, TEACHERS, evaluate, scores


def made(**options) -> DISTPlus:
    loss = DISTPlus(**options)
    loss.setup([5], [5])
    return loss.double()


def test_it_starts_from_dist():
    values = evaluate(made(beta=2.0), scores())
    wanted = DIST(beta=2.0)(scores().softmax(1), TEACHERS[0].softmax(1))
    torch.testing.assert_close(values['dist_inter'], wanted['dist_inter'][0].mean())
    torch.testing.assert_close(values['dist_intra'], wanted['dist_intra'])


def test_the_head_is_judged_by_labels_and_the_student():
    values = evaluate(made(pull=0.5), scores())
    teacher, student = TEACHERS[0].log_softmax(1), scores().detach().log_softmax(1)
    wanted = -teacher.gather(1, LABELS[:, None]).mean() + 0.5 * (student.exp() * (student - teacher)).sum(1).mean()
    torch.testing.assert_close(values['dist_head'], wanted)


def test_each_term_trains_its_own_part():
    loss, student = made(), scores()
    values = evaluate(loss, student)
    for term in ('dist_inter', 'dist_intra'):
        assert torch.autograd.grad(values[term], loss.head.weight, allow_unused=True, retain_graph=True) == (None,)
        assert torch.autograd.grad(values[term], student, retain_graph=True)[0].any()
    assert torch.autograd.grad(values['dist_head'], student, allow_unused=True, retain_graph=True) == (None,)
    assert torch.autograd.grad(values['dist_head'], loss.head.weight)[0].any()
