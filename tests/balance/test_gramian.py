"""Traversal of a graph, gradients as rows, and the scalar that carries them."""

import pytest
import torch
from torch import nn

from mtkd.balance.gramian import carry, combined, gramian, reach, take_gradients


def parameter(*shape, seed=0):
    return nn.Parameter(torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float32))


def ids(tensors):
    return {id(tensor) for tensor in tensors}


def test_a_walk_finds_the_leaves_before_and_beyond_a_tap():
    trunk, head, other = parameter(3, 3), parameter(3, seed=1), parameter(3, seed=2)
    tap = (torch.ones(2, 3) @ trunk).relu()
    loss = (tap * head).sum()
    assert ids(reach(loss).leaves) == ids([trunk, head]) and not reach(loss).stopped
    found = reach(loss, tap)
    assert ids(found.leaves) == ids([head]) and found.stopped
    beside = reach((trunk * other).sum(), tap)
    assert ids(beside.leaves) == ids([trunk, other]) and not beside.stopped
    assert reach(tap, tap).stopped and not reach(tap, tap).leaves


def test_a_walk_from_and_to_leaves():
    tap, head = parameter(3), parameter(3)
    assert reach((tap * head).sum(), tap).stopped
    assert ids(reach((tap * head).sum(), tap).leaves) == ids([head])
    assert ids(reach(head).leaves) == ids([head]) and reach(tap, tap).stopped
    assert not reach(torch.ones(3)).leaves


def test_one_output_of_a_node_is_not_the_other():
    first, second = parameter(4).chunk(2)
    assert reach(first.sum(), first).stopped and not reach(second.sum(), first).stopped


def test_rows_and_their_gramian():
    weight, bias, head = parameter(2, 3), parameter(3, seed=1), parameter(3, seed=2)
    shared = torch.ones(4, 2) @ weight + bias
    losses = [shared.square().sum(), (shared * head).sum(), torch.zeros(())]
    found = take_gradients(losses, [weight, bias], [[], [head], []], replicated=True)
    rows = found.rows / found.lifts[:, None]
    for row, loss in zip(rows, losses[:2], strict=False):
        expected = torch.autograd.grad(loss, [weight, bias], retain_graph=True)
        torch.testing.assert_close(row, torch.cat([g.flatten() for g in expected]))
    assert not found.rows[2].any()
    torch.testing.assert_close(found.gram, (rows @ rows.T).double(), rtol=1e-5, atol=1e-6)
    assert found.beyond[0] == [] and found.beyond[1][0][0] is head and found.beyond[2] == []
    torch.testing.assert_close(found.beyond[1][0][1], shared.sum(0))


def test_a_scale_leaves_the_gradients_as_they_are():
    weight, head = parameter(2, 3), parameter(3)
    losses = [(torch.ones(1, 2) @ weight * head).sum()]
    plain, scaled = (take_gradients(losses, [weight], [[head]], replicated=True, scale=scale) for scale in (1.0, 1024.0))
    assert torch.equal(plain.gram, scaled.gram)
    assert torch.equal(plain.rows / plain.lifts[:, None], scaled.rows / scaled.lifts[:, None])
    assert torch.equal(plain.beyond[0][0][1], scaled.beyond[0][0][1])


def test_half_precision_gradients_make_an_exact_gramian():
    tap = torch.ones(3, 1000, dtype=torch.bfloat16, requires_grad=True)
    found = take_gradients([tap.float().sum(), (tap * 2).float().sum()], [tap], [[], []], replicated=False)
    torch.testing.assert_close(found.gram, 3000 * torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64))


@pytest.mark.parametrize('scale', [1e-30, 1e-12, 1.0, 1e12])
def test_gradients_of_any_scale_have_a_gramian_and_a_combination(scale):
    """The square of 1e-30 is 0 in float32, and that of an entry of 1e-22 has no correct digits."""
    directions = torch.randn(3, 40_000, generator=torch.Generator().manual_seed(0)) * torch.tensor([[1.0], [1e-3], [1e-6]])
    place = torch.zeros(40_000, requires_grad=True)
    found = take_gradients([(place * row * scale).sum() for row in directions], [place], [[], [], []], replicated=True)
    exact = (directions * scale).double()
    torch.testing.assert_close(found.gram, exact @ exact.T, rtol=1e-5, atol=1e-5 * float(exact[2].norm() ** 2))
    weights = torch.tensor([1.0, 2.0, 3e5])
    flat = combined(found, weights, [1.0] * 3)[1][0]
    torch.testing.assert_close(flat, (weights.double() @ exact).float(), rtol=1e-4, atol=1e-5 * scale)


def test_blocks_of_columns_add_up():
    rows = torch.randn(3, 1000, generator=torch.Generator().manual_seed(0))
    for columns in (64, 1000, 4096):
        torch.testing.assert_close(gramian(rows, columns=columns), rows.double() @ rows.double().T, rtol=1e-5, atol=1e-4)


def test_gradients_laid_out_in_any_way_are_lifted():
    """Expanded, channels-last, and with zeros at all sampled entries."""
    sparse = torch.zeros(1, 8, 64, 64)
    sparse[0, 3, 5, 5] = 1e-4
    for factor in (torch.full((1,), 1e-4).expand(1, 8, 64, 64), sparse,
                   torch.full((2, 8, 64, 64), 1e-4).to(memory_format=torch.channels_last)):
        place = torch.zeros_like(factor).requires_grad_()
        found = take_gradients([(place * factor).sum()], [place], [[]], replicated=False)
        torch.testing.assert_close(found.gram[0, 0], factor.double().square().sum(), rtol=1e-4, atol=0.0)
        torch.testing.assert_close(combined(found, torch.ones(1), [1.0])[1][0], factor, rtol=1e-6, atol=0.0)


def test_a_combination_weighs_what_is_shared_and_adds_what_is_met_twice():
    weight, head, both = parameter(2), parameter(2, seed=1), parameter(2, seed=2)
    losses = [(weight * head * both).sum(), (weight * both).sum()]
    weights = torch.tensor([3.0, 5.0])

    def result(own, weighted=()):
        found = take_gradients(losses, [weight], [[head, both], [both]], replicated=True)
        return dict(zip(('weight', 'head', 'both'), combined(found, weights, own, weighted)[1], strict=True))

    torch.testing.assert_close(result([1.0, 1.0])['weight'], 3 * head * both + 5 * both)
    torch.testing.assert_close(result([1.0, 1.0])['head'], weight * both)
    torch.testing.assert_close(result([1.0, 1.0])['both'], weight * head + weight)
    torch.testing.assert_close(result(list(weights))['both'], 3 * weight * head + 5 * weight)
    again = result([1.0, 1.0], [both])
    torch.testing.assert_close(again['both'], 3 * weight * head + 5 * weight)
    torch.testing.assert_close(again['head'], weight * both)


def test_a_carried_gradient_is_scaled_and_added_like_any():
    first, second = parameter(3), torch.ones(2, dtype=torch.bfloat16, requires_grad=True)
    total = carry(torch.tensor(7.0), [first, second], [torch.arange(3.0), torch.tensor([1.0, -1.0])])
    assert total == 7 and total.requires_grad
    (total * 0.5 + first.sum()).backward()
    assert first.grad.tolist() == [1.0, 1.5, 2.0]
    assert second.grad.dtype == torch.bfloat16 and second.grad.tolist() == [0.5, -0.5]


def test_a_large_loss_scale_does_not_overflow_half_precision():
    tap = torch.ones(2, dtype=torch.float16, requires_grad=True)
    (carry(torch.tensor(1.0), [tap], [torch.full((2,), 2.0**-16)]) * 2.0**17).backward()
    assert tap.grad.tolist() == pytest.approx([2.0, 2.0])
