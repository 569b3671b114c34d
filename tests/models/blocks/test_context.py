import pytest
import torch
from torch import nn

from mtkd.models.blocks.context import Context, GlobalContext, LocalContext, RegionContext
from mtkd.models.blocks.local_attention import local_sum, local_weights


def maps(seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(2, 6, 5, 7, generator=rng), torch.randn(2, 6, 5, 7, generator=rng)


def made(kind):
    torch.manual_seed(1)
    return kind(6, 4).eval()


def test_global_is_attention_to_every_place():
    """The linear form against the equivalent quadratic one: weights <q_p, k_s> divided by their sum."""
    context, (target, source) = made(GlobalContext), maps()
    query, key, value = context.query(target).flatten(2), context.key(source).flatten(2), context.value(source).flatten(2)
    assert (query > 0).all() and (key > 0).all()
    weights = torch.einsum('bcp,bcs->bps', query, key)
    weights = weights / weights.sum(-1, keepdim=True)
    expected = torch.einsum('bps,bcs->bcp', weights, value).view(2, 4, 5, 7)
    torch.testing.assert_close(context(target, source), expected)


def test_local_is_attention_to_places_around():
    context, (target, source) = made(LocalContext), maps()
    weights = local_weights(context.query(target), context.key(source), 9)
    torch.testing.assert_close(context(target, source), local_sum(weights, context.value(source)))


def test_regions_are_mean_features_of_the_source():
    context, (target, source) = made(RegionContext), maps()
    regions = torch.randn(2, 3, 35, generator=torch.Generator().manual_seed(4)).softmax(2)
    prototypes = torch.stack([(source.flatten(2) * regions[:, k:k + 1]).sum(2) for k in range(3)], 2)[..., None]
    query, key, value = context.query(target), context.key(prototypes)[..., 0], context.value(prototypes)[..., 0]
    weights = (torch.einsum('bchw,bck->bkhw', query, key) / 2).softmax(1)  # 2 = sqrt(4 channels)
    torch.testing.assert_close(context(target, source, regions), torch.einsum('bkhw,bck->bchw', weights, value))


@pytest.mark.parametrize('kind', [GlobalContext, LocalContext, RegionContext])
def test_projections_are_two_two_and_one_deep(kind):
    context = made(kind)
    depths = [sum(isinstance(part, nn.Conv2d) for part in path) for path in (context.query, context.key, context.value)]
    assert depths == [2, 2, 1]
    assert isinstance(context.query[-1], nn.Softplus if kind is GlobalContext else nn.ReLU)
    assert sum(p.numel() for p in context.parameters()) == 2 * (6 * 4 + 4 * 4 + 4 * 4) + 6 * 4 + 2 * 4


def test_a_context_without_a_kind_takes_nothing():
    with pytest.raises(TypeError, match='Context does not implement forward'):
        made(Context)(*maps(), None)
