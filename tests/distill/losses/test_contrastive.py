import pytest
import torch

from mtkd.distill.losses import CRD

from .released import check, fill, filled, leaf, mean


def unit(rows: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(rows, dim=1)


def make(**options) -> CRD:
    loss = CRD(samples=20, negatives=6, width=4, **options)
    loss.setup([5], [7])
    loss.double()
    fill([loss.embed_student.weight, loss.embed_student.bias, loss.embed_teacher.weight, loss.embed_teacher.bias])
    loss.memory.copy_(torch.stack([unit(filled((20, 4), 30)), unit(filled((20, 4), 31))]))
    return loss


def test_official_numbers_of_three_steps():
    loss, values, grads = make(), [], []
    for step in range(3):
        index = torch.tensor([step, step + 7, step + 12])
        drawn = torch.stack([index] + [(index + 1 + j * (step + 2)) % 20 for j in range(6)], 1)
        loss._draw = lambda index, target, drawn=drawn: (drawn, torch.ones(drawn.shape, dtype=torch.float64))
        student = leaf((3, 5), 1 + step)
        values.append(mean(loss(student, filled((3, 7), 5 + step), index=index)['crd']))
        loss.zero_grad()
        values[-1].backward()
        grads += [student.grad, loss.embed_teacher.weight.grad.clone()]
    check('crd', values, [*grads, *loss.memory], 1e-6)  # the released constants are float32


def test_many_negatives_are_picked_from_one_product():
    """With more negatives than samples, or fewer: the same loss, gradient and memory."""
    student, teacher, index = filled((3, 5), 1), filled((3, 7), 2), torch.tensor([3, 9, 4])
    results = []
    for samples in (20, 400):
        loss = make()
        memory = torch.zeros(2, samples, 4, dtype=torch.float64)
        memory[:, :20] = loss.memory
        loss.memory, loss.samples = memory, samples
        loss.constants.fill_(9.0)
        loss._draw = lambda index, target: (torch.stack([index] + [(index + j) % 20 for j in range(1, 13)], 1),
                                            torch.ones(3, 13, dtype=torch.float64))
        own = student.clone().requires_grad_()
        loss.samples = 20
        mean(loss(own, teacher, index=index)['crd']).backward()
        results.append((own.grad, loss.memory[:, :20].clone()))
    torch.testing.assert_close(results[0], results[1])


def test_negatives_are_never_the_sample_itself_and_all_others_are_drawn():
    loss = CRD(samples=5, negatives=200)
    drawn, kept = loss._draw(torch.tensor([0, 3, 4]), None)
    assert drawn[:, 0].tolist() == [0, 3, 4] and kept.min() == 1
    assert [sorted(set(row[1:].tolist())) for row in drawn] == [[1, 2, 3, 4], [0, 1, 2, 4], [0, 1, 2, 3]]


def test_by_class_leaves_the_own_class_out():
    loss = CRD(samples=4, negatives=50, width=2, by_class=True)
    loss.setup([3], [3])
    assert loss.asks == ('index', 'target')
    target = torch.tensor([0, 1, 0, 1])
    loss(torch.rand(4, 3), torch.rand(4, 3), index=torch.arange(4), target=target)
    assert loss.labels.tolist() == [0, 1, 0, 1]
    drawn, kept = loss._draw(torch.arange(4), target)
    own = target[drawn[:, 1:]] == target[:, None]
    assert not kept[:, 1:][own].any() and (kept[:, 1:].sum(1) - 50).abs().max() < 1e-3


def test_samples_that_do_not_count_stay_as_they_were():
    loss = make()
    before = loss.memory.clone()
    loss(filled((3, 5), 1), filled((3, 7), 2), torch.tensor([True, False, True]), index=torch.tensor([1, 2, 3]))
    changed = (loss.memory != before).any(2).any(0)
    assert changed.nonzero().flatten().tolist() == [1, 3]


def test_numbers_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match='two samples or more'):
        CRD(samples=1)
