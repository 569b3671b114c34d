import pytest
import torch
from torch.nn import functional as F

from mtkd.models.blocks.local_attention import local_sum, local_weights


def maps(*shape, seed=0):
    return torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize('kernel', [1, 3, 5, 9])
def test_against_unfolding(kernel):
    query, key, value = maps(4, 6, 8), maps(4, 6, 8, seed=1), maps(3, 6, 8, seed=2)
    near_keys = F.unfold(key, kernel, padding=kernel // 2).view(2, 4, kernel ** 2, 6, 8)
    inside = F.unfold(torch.ones(1, 1, 6, 8), kernel, padding=kernel // 2).view(1, kernel ** 2, 6, 8) > 0
    scores = (query.unsqueeze(2) * near_keys).sum(1) / 2
    expected = scores.masked_fill(~inside, -torch.inf).softmax(1)
    weights = local_weights(query, key, kernel)
    torch.testing.assert_close(weights, expected)
    near_values = F.unfold(value, kernel, padding=kernel // 2).view(2, 3, kernel ** 2, 6, 8)
    torch.testing.assert_close(local_sum(weights, value), (expected.unsqueeze(1) * near_values).sum(2))


def test_what_is_outside_weighs_nothing():
    constant = torch.full((2, 3, 4, 5), 7.0)
    torch.testing.assert_close(local_sum(local_weights(maps(3, 4, 5), maps(3, 4, 5, seed=1), 5), constant), constant)


def test_gradients_are_exact():
    query, key, value = (maps(2, 3, 4, seed=s).double().requires_grad_() for s in range(3))

    def attended(q, k, v):
        return local_sum(local_weights(q, k, 3).double(), v)

    assert torch.autograd.gradcheck(attended, (query, key, value), eps=1e-3, atol=1e-2)


def test_an_even_neighbourhood_has_no_middle():
    with pytest.raises(ValueError, match='kernel=4 is even; give an odd number'):
        local_weights(maps(2, 3, 3), maps(2, 3, 3), 4)
