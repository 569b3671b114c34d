import pytest
import torch

from mtkd.models import TapSpec
from mtkd.models.blocks.context import GlobalContext, LocalContext, RegionContext
from mtkd.models.genotype import GENOTYPES, write_genotype
from mtkd.models.necks import ATRCNeck

from .scales import CHANNELS, GENOTYPE, OUT, STRIDES, features

NYUD = {'semseg': 40, 'depth': 1, 'normals': 3, 'edge': 1}


def neck(**changes):
    torch.manual_seed(0)
    net = ATRCNeck(**{'in_channels': CHANNELS, 'strides': STRIDES, 'out_channels': OUT, 'genotype': GENOTYPE, 'channels': 8,
                      **changes}).eval()
    for part in net.project.values():
        torch.nn.init.ones_(part[1].weight)
    return net


def test_each_pair_has_the_context_of_its_kind():
    contexts = neck().contexts
    assert {task: {source: type(part) for source, part in sources.items()} for task, sources in contexts.items()} == {
        'semseg': {'semseg': RegionContext, 'depth': GlobalContext, 'edge': RegionContext},
        'depth': {'semseg': LocalContext, 'depth': RegionContext}, 'edge': {}}
    assert contexts['depth']['semseg'].kernel == 9


def test_forward_reads_regions_of_target_and_source():
    net = neck()
    taps = net(features())
    own = {task: taps[f'{task}.own'] for task in OUT}
    regions = {task: taps[f'{task}.aux'].flatten(2).softmax(2) for task in OUT}
    contexts = net.contexts
    taken = {'semseg': [contexts['semseg']['semseg'](own['semseg'], own['semseg'], regions['semseg']),
                        contexts['semseg']['depth'](own['semseg'], own['depth']),
                        contexts['semseg']['edge'](own['semseg'], own['edge'], regions['edge'])],
             'depth': [contexts['depth']['semseg'](own['depth'], own['semseg']),
                       contexts['depth']['depth'](own['depth'], own['depth'], regions['depth'])]}
    for task, parts in taken.items():
        projected = net.project[task](torch.cat(parts, 1))
        torch.testing.assert_close(taps[f'{task}.in'], net.merge[task](torch.cat((own[task], projected), 1)))
    torch.testing.assert_close(taps['edge.in'], net.merge['edge'](own['edge']))


def test_a_target_regions_context_of_another_task_uses_the_targets():
    given = {target: dict.fromkeys(OUT, 0) for target in OUT}
    given['depth']['semseg'] = 3
    net = neck(genotype=given)
    assert set(net.aux) == {'depth'}
    taps = net(features())
    context = net.contexts['depth']['semseg'](taps['depth.own'], taps['semseg.own'], taps['depth.aux'].flatten(2).softmax(2))
    torch.testing.assert_close(taps['depth.in'],
                               net.merge['depth'](torch.cat((taps['depth.own'], net.project['depth'](context)), 1)))


def test_it_begins_as_if_nothing_were_taken():
    torch.manual_seed(0)
    net = ATRCNeck(CHANNELS, STRIDES, OUT, GENOTYPE, channels=8).eval()
    taps = net(features())
    bare = torch.cat((taps['semseg.own'], torch.zeros_like(taps['semseg.own'])), 1)
    torch.testing.assert_close(taps['semseg.in'], net.merge['semseg'](bare))


def test_predictions_of_regions_pass_no_gradient_on():
    net, given = neck(), [feature.requires_grad_() for feature in features()]
    taps = net(given)
    sum(taps[f'{task}.aux'].square().mean() for task in OUT).backward()
    assert all(feature.grad is None for feature in given)
    assert all(p.grad is not None for p in net.aux.parameters())


def test_numbers_of_regions():
    specs = neck(regions={'depth': 7}).tap_specs
    assert [specs[f'{task}.aux'] for task in OUT] == [TapSpec(6, 4), TapSpec(7, 4), TapSpec(2, 4)]
    assert 'edge.aux' not in neck(genotype={**GENOTYPE, 'semseg': dict.fromkeys(OUT, 0)}).tap_specs


def test_published_genotypes():
    """Fact sheet 4.3: rows are targets, columns sources."""
    nyud, pascal = GENOTYPES['nyud_hrnet18'], GENOTYPES['pascal_hrnet18']
    assert [list(row.values()) for row in nyud.values()] == [[3, 3, 4, 4], [4, 3, 4, 4], [4, 3, 3, 4], [3, 3, 1, 3]]
    assert nyud['edge'] == {'semseg': 3, 'depth': 3, 'normals': 1, 'edge': 3}
    assert [list(row.values()) for row in pascal.values()] == [
        [3, 3, 4, 0, 4], [3, 3, 4, 3, 4], [3, 3, 3, 4, 3], [3, 3, 3, 3, 4], [3, 3, 3, 1, 3]]
    assert pascal['semseg']['normals'] == 0


def test_tasks_may_come_in_another_order():
    shuffled = {'edge': 1, 'normals': 3, 'semseg': 40, 'depth': 1}
    net = ATRCNeck(CHANNELS, STRIDES, shuffled, channels=8)
    assert list(net.contexts) == list(shuffled) and list(net.contexts['edge']) == list(shuffled)
    assert isinstance(net.contexts['edge']['normals'], GlobalContext)


def searched(folder, name='genotype', **changes):
    """The neck with the genotype of a search, which differs from GENOTYPE in ``changes``."""
    path = folder / f'{name}.json'
    write_genotype(path, {**GENOTYPE, **changes}, {})
    return neck(genotype=str(path))


def test_a_searched_genotype_is_read_from_its_file(tmp_path):
    net = searched(tmp_path)
    assert net.genotype == GENOTYPE and net.kinds.tolist() == [[3, 1, 4], [2, 3, 0], [0, 0, 0]]
    taps, given = net(features()), neck()(features())
    assert all(torch.equal(taps[tap], given[tap]) for tap in given)
    assert 'kinds' not in neck().state_dict(), 'the state dict of published or given genotypes is unchanged'


def test_weights_of_another_searched_genotype_are_refused(tmp_path):
    """Regions of the target and of the source have weights of the same shapes."""
    net, other = searched(tmp_path), searched(tmp_path, 'other', semseg={'semseg': 3, 'depth': 1, 'edge': 3})
    other.load_state_dict(searched(tmp_path, 'again', semseg={'semseg': 3, 'depth': 1, 'edge': 3}).state_dict())
    with pytest.raises(ValueError, match='trained with the genotype 314 230 000, but this network has 313 230 000 .*semseg'):
        other.load_state_dict({**other.state_dict(), 'kinds': net.kinds})


@pytest.mark.parametrize('changes, said', [
    ({'genotype': 'nyud'}, "genotype='nyud' is unknown; choose one of nyud_hrnet18, pascal_hrnet18"),
    ({'genotype': 'nyud_hrnet18'}, "'nyud_hrnet18' was made for other tasks: its targets are semseg, depth, "
                                   'normals, edge, the tasks are semseg, depth, edge'),
    ({'genotype': 'pascal_hrnet18', 'out_channels': NYUD}, 'made for other tasks'),
    ({'genotype': {**GENOTYPE, 'depth': {'depth': 1}}}, "sources of 'depth' are depth, the tasks are semseg, depth, edge"),
    ({'genotype': {**GENOTYPE, 'depth': {'semseg': 2, 'depth': 5, 'edge': 0}}}, 'the kind 5 for depth from depth')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)
