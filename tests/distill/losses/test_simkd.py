import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mtkd.distill.losses import SimKD
from mtkd.models.heads import LinearHead, ReusedHead

from .released import check, fill, filled, leaf, mean


def net(head: nn.Module) -> nn.Module:
    return nn.ModuleDict({'heads': nn.ModuleDict({'digit': head})})


def test_official_numbers():
    head = ReusedHead(5, 4, teacher_channels=6).double()
    fill(head.projector.parameters())
    fill(head.classifier.parameters())
    student, teacher = leaf((3, 5, 4, 4), 1), F.adaptive_avg_pool2d(filled((3, 6, 8, 8), 2), 4)  # resize='pool' of the link
    feature = head.feature(student)
    value = mean(SimKD()(feature, teacher)['simkd'])
    value.backward()
    check('simkd', [value], [student.grad, head.predict(feature)])


def test_the_student_gets_the_teacher_s_classifier():
    student, teacher = net(ReusedHead(5, 4, teacher_channels=6)), net(LinearHead(6, 4))
    SimKD('heads.digit.logits', 'heads.digit').meet(student, [teacher])
    ours, theirs = student['heads']['digit'].classifier, teacher['heads']['digit'].logits
    assert torch.equal(ours.weight, theirs.weight) and torch.equal(ours.bias, theirs.bias)
    assert not ours.weight.requires_grad and ours.weight is not theirs.weight


@pytest.mark.parametrize(('classifier', 'head', 'words'), [
    ('heads.letter.logits', 'heads.digit', "teacher has no module 'heads.letter.logits'"),
    ('heads.digit.logits', 'heads.letter', "student has no module 'heads.letter'"),
    ('heads.digit.dropout', 'heads.digit', 'does not fit'),
    ('heads.digit.logits', 'heads', 'has no classifier')])
def test_what_does_not_fit_is_refused(classifier, head, words):
    with pytest.raises(ValueError, match=words):
        SimKD(classifier, head).meet(net(ReusedHead(5, 4, teacher_channels=6)), [net(LinearHead(6, 4))])


def test_both_or_none():
    with pytest.raises(ValueError, match='give both'):
        SimKD(classifier='heads.digit.logits')
