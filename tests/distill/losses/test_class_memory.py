import pytest
import torch

from mtkd.distill.losses import ClassMemory

from .released import check, fill, filled, leaf, mean


def unit(rows: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(rows, dim=-1)


def test_official_numbers_of_two_steps():
    loss = ClassMemory(3, pixel_queue=40, region_queue=6, pixels=40, regions=6)
    loss.setup([5], [4])
    loss.double()
    fill([loss.enter.weight, *loss.enter_norm.parameters(), loss.leave.weight])
    loss.pixel_memory[:, :40], loss.region_memory[:, :6] = unit(filled((3, 40, 4), 30)), unit(filled((3, 6, 4), 31))
    values, grads = [], []
    for step in range(2):
        target = ((torch.arange(24) + step).view(2, 4, 3) // 5) % 3
        student = leaf((2, 5, 4, 3), 1 + step)
        terms = loss(student, filled((2, 4, 4, 3), 5 + step), target=target)
        values += [mean(terms[name]) for name in loss.terms]
        loss.zero_grad()
        (values[-1] + values[-2]).backward()
        grads += [student.grad, loss.enter.weight.grad.clone()]
    check('class_memory', values, [*grads, loss.region_memory[:, :6]], 1e-7)


def test_queues_go_round_and_keep_the_last():
    loss = ClassMemory(2, pixel_queue=3, region_queue=2, pixels=1, regions=1)
    loss.setup([2], [2])
    for number in range(3):
        entries = torch.full((1, 2, 2, 2), float(number + 1))
        entries[0, 0, 1] += 0.5
        loss._write(0, entries, torch.tensor([[[True, True], [True, False]]]))
    assert loss.pixel_memory[0, :3, 0].tolist() == [2.5, 3.0, 3.5] and loss.places[0].tolist() == [0, 0]
    assert loss.pixel_memory[1, :3, 0].tolist() == [1.0, 2.0, 3.0]


def test_more_compared_than_there_are_is_refused():
    with pytest.raises(ValueError, match='must not be shorter than the number of compared entries'):
        ClassMemory(3, pixel_queue=10, pixels=11)
