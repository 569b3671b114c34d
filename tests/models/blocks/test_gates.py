import pytest
import torch
from torch.nn import functional as F

from mtkd.models.blocks.gates import SelectGate, SoftmaxGate, gate_view, mixed


def test_a_gate_reads_the_means_of_a_grid():
    image = torch.arange(2 * 3 * 4 * 6.0).view(2, 3, 4, 6)
    torch.testing.assert_close(gate_view(image, 2), F.avg_pool2d(image, (2, 3)).flatten(1))
    square = image[..., :4]
    assert torch.equal(gate_view(square, 4), square.flatten(1))
    vectors = image[:, :, 0, 0]
    assert torch.equal(gate_view(vectors, 4), vectors)


def test_mixtures_are_of_each_sample_on_its_own():
    weights, experts = torch.tensor([[1.0, 0], [0.25, 0.75]]), torch.randn(2, 2, 3, 4, 5)
    made = mixed(weights, experts)
    torch.testing.assert_close(made[0], experts[0, 0])
    torch.testing.assert_close(made[1], 0.25 * experts[1, 0] + 0.75 * experts[1, 1])


def test_softmax_gates_sum_to_one():
    weights = SoftmaxGate(5, 3)(torch.randn(4, 5))
    assert weights.shape == (4, 3)
    torch.testing.assert_close(weights.sum(1), torch.ones(4))


@pytest.mark.parametrize('experts', [2, 3, 4, 5])
def test_far_logits_select_the_expert_whose_number_they_write(experts):
    gate = SelectGate(1, experts, select=1)
    bits = gate.choose.out_features
    for number in range(experts):
        code = [int(digit) for digit in f'{number:0{bits}b}']
        gate.choose.weight.data.zero_()
        gate.choose.bias.data = torch.tensor(code) * 2.0 - 1
        weights, selectors = gate(torch.zeros(1, 1))
        assert weights.tolist() == selectors[:, 0].tolist() == F.one_hot(torch.tensor([number]), experts).tolist()


def test_the_smooth_step_has_the_width_that_is_asked():
    gate = SelectGate(1, 2, select=1, gamma=4)
    value = torch.tensor([-3.0, -2, -1, 0, 1, 2, 3])
    torch.testing.assert_close(gate._step(value), torch.tensor([0, 0, 0.15625, 0.5, 0.84375, 1, 1]))  # 1/2 + 3/8 - 1/32


@pytest.mark.parametrize('changes', [{'experts': 1}, {'select': 0}, {'select': 5}, {'gamma': 0}])
def test_what_makes_no_sense_is_said(changes):
    with pytest.raises(ValueError, match='give two experts or more'):
        SelectGate(**{'in_features': 3, 'experts': 4, **changes})
