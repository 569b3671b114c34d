import pytest
import torch

from mtkd.distill.losses import UNIC

# github.com/naver/unic at 02269db: ``LP`` (hidden 6, last hidden 7) and ``unic_loss`` in float64; weights, levels and
# teachers of ``series``. drop -> loss, Σ|gradient| and its entry 5 for each of two levels
OFFICIAL = {0.0: (0.8329519786602343, [0.34164343896061167, 0.14390778524374392],
                  [0.0020095166254110687, 0.0020196262427790287]),
            1.0: (0.9275815290064273, [0.40211897652465267, 0.2445187621479431],
                  [-0.001523720562799896, -0.0015960824930310149])}
PER_TEACHER = [[0.7672289608500001, 0.7597957552727842, 0.8095045679212681],
               [0.9923064865436886, 0.9809335325543254, 0.6879425688193398]]


def series(shape, code, scale=1.0):
    return scale * (torch.arange(torch.Size(shape).numel(), dtype=torch.float64) * 1.7 + code).sin().view(shape)


def setting(**options):
    loss = UNIC(hidden=6, last_hidden=7, standardise='none', **options)
    loss.setup([4, 4], [5, 3])
    loss.double()
    for t, ladder in enumerate(loss.ladders):
        for level, step in enumerate(ladder.steps):
            for j, layer in enumerate((step[0], step[2])):
                layer.weight.data = series(layer.weight.shape, 100 * t + 10 * level + j, 0.4)
                layer.bias.data = series(layer.bias.shape, 100 * t + 10 * level + j + 5, 0.1)
    levels = [series((3, 6, 4), code).transpose(1, 2).reshape(3, 4, 2, 3).requires_grad_() for code in (1, 2)]
    teachers = [series((3, 6, c), code, 1.5).transpose(1, 2).reshape(3, c, 2, 3) for c, code in ((5, 7), (3, 8))]
    return loss, levels, teachers


@pytest.mark.parametrize('drop', OFFICIAL)
def test_official_values_and_gradients(drop):
    loss, levels, teachers = setting(drop=drop)
    total, count = loss(levels, teachers, (None, None))['unic']
    value = total.sum() / count.sum()
    value.backward()
    wanted, sums, entries = OFFICIAL[drop]
    assert value.item() == pytest.approx(wanted)
    grads = [level.grad.flatten(2).transpose(1, 2).flatten() for level in levels]
    assert [grad.abs().sum().item() for grad in grads] == pytest.approx(sums)
    assert [grad[5].item() for grad in grads] == pytest.approx(entries)


def test_dropping_keeps_the_worst_and_draws_the_others():
    loss, _, _ = setting(drop=0.5)
    losses, there = torch.tensor(PER_TEACHER), torch.ones(2, 3, dtype=torch.bool)
    torch.manual_seed(0)
    draws = torch.stack([loss.keep(losses, there) for _ in range(400)])
    assert draws[:, 1, :2].all() and draws[:, 0, 2].all()
    assert draws[:, 0, 0].mean().item() == pytest.approx(0.5, abs=0.1)
    assert loss.eval().keep(losses, there).all()
    there[:, 1] = False
    assert not loss.train().keep(losses, there)[:, 1].any()


def test_levels_of_other_sizes_are_resized():
    loss, levels, teachers = setting()
    small = [torch.nn.functional.avg_pool2d(level.detach(), (2, 1)) for level in levels]
    total, _ = loss.eval()([small[0], levels[1]], teachers, (None, None))['unic']
    assert total.isfinite().all() and total.gt(0).all()


def test_impossible_options_are_refused():
    for options in ({'drop': 1.5}, {'standardise': 'white'}):
        with pytest.raises(ValueError, match='UNIC: drop='):
            UNIC(**options)
