"""One process and two gloo ranks must agree, in values and gradients."""

import pytest
import torch

from mtkd.structures import all_rows, all_sum, global_ratio, world_size
from tests.distill.ranks import on_two_ranks

SUMS = (2.0, 3.0, 0.0, 7.0)
COUNTS = (4.0, 1.0, 0.0, 2.0)


def on_ranks(rank: int, ranks: int) -> dict[str, torch.Tensor]:
    """Values and gradients on this rank's share of four samples; gradients as DDP averages them."""
    share = slice(rank * 4 // ranks, (rank + 1) * 4 // ranks)
    results = {'world': torch.tensor(world_size())}
    for case, counts in {'ratio': COUNTS, 'one_rank_only': (4.0, 1.0, 0.0, 0.0), 'nothing': (0.0,) * 4}.items():
        total = torch.tensor(SUMS[share]).requires_grad_()
        value = global_ratio(total.square(), torch.tensor(counts[share]))
        value.backward()
        results |= {case: value.detach(), f'{case}.grad': total.grad / ranks}
    total = torch.tensor(SUMS[share]).requires_grad_()
    summed = all_sum(torch.stack([total.sum(), total.square().sum()]))
    (summed[0] * summed[1]).backward()
    uneven = slice(*((0, 4) if ranks == 1 else (0, 3) if rank == 0 else (3, 4)))  # three rows on this rank, one on the other
    own = torch.tensor(SUMS[uneven])[:, None].repeat(1, 2).requires_grad_()
    together = all_rows(own * torch.tensor([1.0, 2.0]))
    (together @ together.T).square().sum().backward()
    return results | {'summed': summed.detach(), 'summed.grad': total.grad / ranks, 'rows': together.detach(),
                      'rows.grad': own.grad / ranks, 'bools': all_rows(torch.tensor(COUNTS[uneven]) > 0)}


@pytest.fixture(scope='module')
def two_ranks(tmp_path_factory):
    return on_two_ranks(on_ranks, tmp_path_factory.mktemp('ranks'))


def test_one_process():
    results = on_ranks(0, 1)
    squares = torch.tensor(SUMS).square()
    torch.testing.assert_close(results['ratio'], squares.sum() / 7)
    torch.testing.assert_close(results['ratio.grad'], 2 * torch.tensor(SUMS) / 7)
    torch.testing.assert_close(results['summed'], torch.tensor([12.0, 62.0]))
    torch.testing.assert_close(results['summed.grad'], 62 + 12 * 2 * torch.tensor(SUMS))
    assert results['world'] == 1


def test_nothing_counted_is_zero_with_a_graph():
    total = torch.zeros(3, requires_grad=True)
    value = global_ratio(total * 2, torch.zeros(3))
    value.backward()
    assert value == 0 and torch.isfinite(total.grad).all()


def test_half_precision_sums_and_integer_counts_are_reduced_in_float32():
    value = global_ratio(torch.full((300,), 100.0, dtype=torch.bfloat16), torch.full((300,), 1000, dtype=torch.int64))
    assert value.dtype == torch.float32 and value.item() == pytest.approx(0.1)


def test_no_gradient_reaches_the_counts():
    count = torch.ones(2, requires_grad=True)
    global_ratio(torch.ones(2, requires_grad=True), count).backward()
    assert count.grad is None


def test_all_sum_without_a_group_is_the_identity():
    value = torch.ones(2, requires_grad=True)
    assert all_sum(value) is value


@pytest.mark.parametrize('case', ['ratio', 'one_rank_only', 'nothing'])
def test_the_ranks_mean_is_the_ratio_of_one_process(case, two_ranks):
    alone = on_ranks(0, 1)
    torch.testing.assert_close(torch.stack([rank[case] for rank in two_ranks]).mean(), alone[case])
    torch.testing.assert_close(torch.cat([rank[f'{case}.grad'] for rank in two_ranks]), alone[f'{case}.grad'])


def test_every_rank_has_the_sum(two_ranks):
    alone = on_ranks(0, 1)
    for rank in two_ranks:
        torch.testing.assert_close(rank['summed'], alone['summed'])
        assert rank['world'] == 2
    torch.testing.assert_close(torch.cat([rank['summed.grad'] for rank in two_ranks]), alone['summed.grad'])


def test_every_rank_has_all_rows_and_the_gradient_of_one_process(two_ranks):
    alone = on_ranks(0, 1)
    for rank in two_ranks:
        torch.testing.assert_close(rank['rows'], alone['rows'])
        assert rank['bools'].tolist() == [True, True, False, True]
    torch.testing.assert_close(torch.cat([rank['rows.grad'] for rank in two_ranks]), alone['rows.grad'])
