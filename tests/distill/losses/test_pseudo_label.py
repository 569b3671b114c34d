import torch
import torch.nn.functional as F

from mtkd.distill import PseudoLabel
from mtkd.structures import global_ratio


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, and pseudo-labels of which the third is missing."""
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(4, 5, generator=generator)
    teacher = torch.randn(4, 5, generator=generator).softmax(1)
    teacher[2] = 0
    return student, teacher


def test_hard_is_cross_entropy_with_the_most_probable_class():
    student, teacher = pair()
    there = torch.tensor([0, 1, 3])
    ours = global_ratio(*PseudoLabel()(student, teacher)['pseudo'])
    torch.testing.assert_close(ours, F.cross_entropy(student[there], teacher[there].argmax(1)))


def test_soft_is_cross_entropy_with_the_distribution():
    student, teacher = pair()
    there = torch.tensor([0, 1, 3])
    ours = global_ratio(*PseudoLabel(hard=False)(student, teacher)['pseudo'])
    torch.testing.assert_close(ours, F.cross_entropy(student[there], teacher[there]))
    torch.testing.assert_close(global_ratio(*PseudoLabel(hard=False)(student, teacher * 0.5)['pseudo']), ours)


def test_no_pseudo_label_and_masked_samples_count_nothing():
    student, teacher = pair()
    student.requires_grad_()
    for hard in (True, False):
        total, count = PseudoLabel(hard)(student, teacher, torch.tensor([True, False, True, True]))['pseudo']
        assert count.tolist() == [1, 0, 0, 1] and total[1] == total[2] == 0
        gradient, = torch.autograd.grad(total.sum(), student)
        assert not gradient[1:3].any() and gradient[0].any()


def test_nothing_kept_is_zero_with_a_graph():
    student, teacher = pair()
    student.requires_grad_()
    value = global_ratio(*PseudoLabel(hard=False)(student, torch.zeros_like(teacher))['pseudo'])
    value.backward()
    assert value == 0 and not student.grad.any()
