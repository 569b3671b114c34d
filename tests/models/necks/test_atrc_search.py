"""The mixture of contexts, and that a search finds a planted genotype."""

import copy

import pytest
import torch
from torch.nn import functional as F

from mtkd.models import build_net
from mtkd.models.blocks.context import GlobalContext, LocalContext, RegionContext
from mtkd.models.genotype import KINDS
from mtkd.models.necks import ATRCNeck, ATRCSearchNeck

from .scales import CHANNELS, OUT, STRIDES, features

TWO = {'semseg': 6, 'depth': 1}


def neck(out=OUT, seed=0, **changes):
    torch.manual_seed(seed)
    net = ATRCSearchNeck(CHANNELS, STRIDES, out, **{'channels': 8, **changes})
    for part in net.project.values():
        torch.nn.init.ones_(part[1].weight)
    return net


def freeze(net, planted):
    """``net`` with every pair frozen."""
    tasks = net.tasks
    net.choice.frozen.copy_(torch.tensor([[planted[target][source] for source in tasks] for target in tasks]))
    return net


def test_every_pair_has_every_kind():
    kinds = {'global': GlobalContext, 'local': LocalContext, 'target_regions': RegionContext,
             'source_regions': RegionContext}
    for target, sources in neck().contexts.items():
        for source, contexts in sources.items():
            found = {name: type(context) for name, context in contexts.items()}
            assert found == {name: kind for name, kind in kinds.items() if target != source or name != 'source_regions'}
            assert all(context.value[1].weight is None for context in contexts.values())


def test_a_decided_search_is_the_network_of_its_genotype():
    """With copied weights of the chosen contexts, an ATRCNeck gives the same result."""
    planted = {'semseg': {'semseg': 3, 'depth': 1, 'edge': 4}, 'depth': {'semseg': 2, 'depth': 3, 'edge': 3},
               'edge': {'semseg': 4, 'depth': 2, 'edge': 1}}
    searched = freeze(neck(), planted).eval()
    fixed = ATRCNeck(CHANNELS, STRIDES, OUT, searched.choice.genotype(), channels=8).eval()
    assert fixed.genotype == planted
    for part in ('concat', 'own', 'project', 'merge', 'aux'):
        getattr(fixed, part).load_state_dict(getattr(searched, part).state_dict())
    for target, row in planted.items():
        for source, kind in row.items():
            made = searched.contexts[target][source][KINDS[kind]].state_dict()
            missing, left = fixed.contexts[target][source].load_state_dict(made, strict=False)
            assert sorted(missing) == ['value.1.bias', 'value.1.weight'] and not left
    searched_taps, taps = searched(features()), fixed(features())
    assert set(taps) == set(searched_taps)
    for tap, value in taps.items():
        torch.testing.assert_close(value, searched_taps[tap], msg=tap)


def test_training_samples_and_evaluation_does_not():
    net = neck()
    net.choice.logits.data.normal_()
    torch.manual_seed(1)
    first = net(features())['semseg.in']
    torch.manual_seed(1)
    assert torch.equal(first, net(features())['semseg.in'])
    assert not torch.equal(first, net(features())['semseg.in'])
    net.eval()
    assert torch.equal(net(features())['semseg.in'], net(features())['semseg.in'])


def test_none_takes_nothing():
    nothing = {target: dict.fromkeys(OUT, 0) for target in OUT}
    net = freeze(neck(), nothing).eval()
    taps = net(features())
    empty = torch.zeros(2, 4 * len(OUT), *taps['depth.own'].shape[2:])
    bare = torch.cat((taps['depth.own'], net.project['depth'](empty)), 1)
    torch.testing.assert_close(taps['depth.in'], net.merge['depth'](bare))


PLANTED = [{'semseg': {'semseg': 2, 'depth': 4}, 'depth': {'semseg': 1, 'depth': 0}},
           {'semseg': {'semseg': 1, 'depth': 0}, 'depth': {'semseg': 3, 'depth': 2}}]


@pytest.mark.parametrize('planted', PLANTED)
def test_the_search_finds_the_contexts_that_made_its_targets(planted):
    """The targets are computed with a genotype, the same weights and the images of each step; only the scores are trained.
    """
    net = neck(TWO, regions={'depth': 5})
    with torch.no_grad():
        for predict in net.aux.values():
            predict[1].weight *= 20  # regions that differ from the whole image
    net.requires_grad_(False)
    net.choice.logits.requires_grad_(True)
    maker = freeze(copy.deepcopy(net), planted)
    optimizer = torch.optim.Adam([net.choice.logits], lr=0.15)
    entropies, steps = [], 40
    for step in range(steps):
        given = features(28, 40, seed=step)
        net.choice.temperature.fill_(1 - 0.95 * step / steps)
        net.choice.entropy_weight.fill_(-0.02 + 0.08 * step / steps)
        net.choice.freeze(0.3)
        taps, wanted = net(given), maker(given)
        (value, weight), = net.penalties({}).values()
        entropies.append(value.item())
        loss = sum(F.mse_loss(taps[f'{task}.in'], wanted[f'{task}.in']) for task in TWO)
        optimizer.zero_grad()
        (loss + weight * value).backward()
        optimizer.step()
    assert net.choice.genotype() == planted
    assert (net.choice.frozen >= 0).all() and entropies[-1] < 0.5 * entropies[0]


def test_the_network_hands_its_penalty_on():
    cfg = {'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet'}, 'neck': {'type': 'ATRCSearchNeck', 'channels': 8},
           'head': {'type': 'LogitsHead'}}
    net = build_net(cfg, OUT)
    (name, (value, weight)), = net.penalties({}).items()
    choice = net.trunk.neck.choice
    assert name == 'search/entropy' and torch.equal(value, choice.entropy()) and weight is choice.entropy_weight
    assert build_net({**cfg, 'neck': {'type': 'PADNetNeck', 'channels': 8}}, OUT).penalties({}) == {}
    assert set(net.aux_taps) == set(OUT) and all(net.aux_taps.values())
