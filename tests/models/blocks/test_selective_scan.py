import pytest
import torch
from torch.nn import functional as F

from mtkd.models.blocks.selective_scan import Scan2D, ScanLayer, selective_scan

from ..vectors import agree, fill, noise


def parts():
    """Inputs for 2 samples, 2 directions, 3 channels, 4 states, 50 positions."""
    return {'given': noise(2, 2, 3, 50, key='u'), 'step': noise(2, 2, 3, 50, key='d').abs(),
            'decay': -noise(2, 3, 4, key='A').abs() * 3, 'write': noise(2, 2, 4, 50, key='B'),
            'read': noise(2, 2, 4, 50, key='C'), 'skip': noise(2, 3, key='D')}


@pytest.mark.parametrize('chunk', [1, 7, 64])
def test_the_scan_is_mambas_whatever_the_chunk(chunk):
    agree('selective_scan', {'y': selective_scan(**parts(), chunk=chunk)})


def test_gradients_are_those_of_the_recurrence():
    given = {name: value.requires_grad_() for name, value in parts().items()}
    state, made = torch.zeros(2, 2, 3, 4, dtype=torch.float64), []
    for place in range(50):
        step = given['step'][..., place, None]
        written = step * given['write'][:, :, None, :, place] * given['given'][..., place, None]
        state = (step * given['decay']).exp() * state + written
        made.append((state * given['read'][:, :, None, :, place]).sum(-1))
    expected = torch.stack(made, -1) + given['skip'][..., None] * given['given']
    ours = selective_scan(**given, chunk=8)
    torch.testing.assert_close(ours, expected)
    weights = noise(*ours.shape, key='weights')
    for one, other in zip(torch.autograd.grad((ours * weights).sum(), list(given.values())),
                          torch.autograd.grad((expected * weights).sum(), list(given.values())), strict=True):
        torch.testing.assert_close(one, other)


def test_a_map_is_scanned_four_ways():
    scan, feature = fill(Scan2D(3, 2, 1)), noise(1, 3, 4, 5, key='map')
    total = torch.zeros(1, 4, 5, 3, dtype=torch.float64)
    orders = [torch.arange(20), torch.arange(20).view(4, 5).T.flatten()]
    for way, order in enumerate([*orders, *(order.flip(0) for order in orders)]):
        sequence = feature.flatten(2)[..., order]
        read = torch.einsum('bdl,cd->bcl', sequence, scan.project[way]).split((1, 2, 2), 1)
        step = F.softplus(torch.einsum('brl,dr->bdl', read[0], scan.step[way]) + scan.step_bias[way][:, None])
        made = selective_scan(sequence[:, None], step[:, None], -scan.decay[way].exp()[None], read[1][:, None],
                              read[2][:, None], scan.skip[way][None])[:, 0]
        back = torch.empty_like(made)
        back[..., order] = made
        total += back.unflatten(2, (4, 5)).movedim(1, -1)
    torch.testing.assert_close(scan(feature), scan.norm(total))


def test_a_layer_keeps_half_precision_outside_of_the_scan():
    layer = ScanLayer(4, 6, 2, 1)
    with torch.autocast('cpu', torch.bfloat16):
        made = layer(torch.randn(1, 3, 4, 4))
    assert made.shape == (1, 3, 4, 6) and made.dtype == torch.bfloat16 and made.isfinite().all()
