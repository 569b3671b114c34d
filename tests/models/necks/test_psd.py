import pytest
import torch

from mtkd.models.blocks.local_attention import local_sum, local_weights
from mtkd.models.necks import PSDNeck

from .scales import CHANNELS, OUT, STRIDES, features


def neck(**changes):
    torch.manual_seed(0)
    net = PSDNeck(CHANNELS, STRIDES, OUT, **{'channels': 8, 'kernel': 3, **changes}).eval()
    net.mixing.data.normal_()
    return net


@pytest.mark.parametrize('recursions', [1, 3])
def test_forward_is_the_docstrings(recursions):
    net = neck(recursions=recursions)
    taps = net(features())
    own = {task: taps[f'{task}.own'] for task in OUT}
    for t, task in enumerate(OUT):
        near = own[task]
        for _ in range(recursions):
            near = local_sum(local_weights(near, near, 3), near)
        others = [other for other in OUT if other != task]
        across = sum(share * local_sum(local_weights(own[other], own[other], 3), own[task])
                     for share, other in zip(net.mixing[t].softmax(0), others, strict=True))
        torch.testing.assert_close(taps[f'{task}.in'], net.merge[task](torch.cat((net.within[task](near), across), 1)))


def test_other_tasks_hand_over_structure_but_no_content():
    """Features of other tasks scaled by -1 have the same similarities: nothing changes."""
    net = neck()
    own = {task: torch.randn(1, 8, 6, 7) for task in OUT}
    mirrored = {task: -value if task != 'depth' else value for task, value in own.items()}
    torch.testing.assert_close(net.fuse(own)['depth'], net.fuse(mirrored)['depth'])


def test_it_says_that_it_is_approximate():
    assert PSDNeck.approximate and 'approximate' in PSDNeck.__doc__


@pytest.mark.parametrize('changes, said', [
    ({'kernel': 4}, 'kernel=4, recursions=2'), ({'kernel': 1}, 'odd and 3 or more'),
    ({'recursions': 0}, 'recursions 1 or more')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)
