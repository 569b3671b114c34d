import pytest
import torch

from mtkd.models.necks.context_neck import ContextNeck, regions_of

from .scales import CHANNELS, OUT, STRIDES, features


class Doubling(ContextNeck):
    """The contexts of a task are the region sums of its sources, doubled, repeated a given number of times."""

    def taken(self, own, regions):
        self.seen = regions
        return {task: [2 * own[task][:, :4]] * count for task, count in zip(own, (2, 0, 1), strict=True)}


def test_what_is_taken_is_projected_and_merged():
    torch.manual_seed(0)
    neck = Doubling(CHANNELS, STRIDES, OUT, channels=8)
    neck.add_joints({'semseg': 2, 'depth': 0, 'edge': 1})
    neck.add_regions(['edge', 'depth'], OUT, {'depth': 7})
    neck.eval()
    for part in neck.project.values():
        torch.nn.init.ones_(part[1].weight)
    taps = neck(features())
    assert set(neck.project) == {'semseg', 'edge'} and set(neck.aux) == {'edge', 'depth'}
    half = 2 * taps['semseg.own'][:, :4]
    projected = neck.project['semseg'](torch.cat((half, half), 1))
    torch.testing.assert_close(taps['semseg.in'], neck.merge['semseg'](torch.cat((taps['semseg.own'], projected), 1)))
    torch.testing.assert_close(taps['depth.in'], neck.merge['depth'](taps['depth.own']))
    assert {task: part.shape[1] for task, part in neck.seen.items()} == {'edge': 2, 'depth': 7}
    torch.testing.assert_close(neck.seen['depth'].sum(2), torch.ones(2, 7))
    torch.testing.assert_close(neck.seen['edge'], taps['edge.aux'].flatten(2).softmax(2))


def test_regions_are_the_targets_or_the_sources():
    assert [regions_of(kind, 'to', 'from') for kind in (3, 4)] == ['to', 'from']


def test_what_is_taken_is_a_subclasses():
    neck = ContextNeck(CHANNELS, STRIDES, OUT, channels=8)
    with pytest.raises(TypeError, match='ContextNeck does not implement taken'):
        neck(features())
