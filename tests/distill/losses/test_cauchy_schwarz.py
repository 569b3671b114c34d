import math

import pytest
import torch

from mtkd.distill import CauchySchwarz
from mtkd.distill.losses import cs_divergence
from mtkd.tasks import Depth, Edge, Normals

from .cases import exact, random_pair, run, toy

P = torch.tensor([.6, .3, .1], dtype=torch.float64)
Q = torch.tensor([.2, .3, .5], dtype=torch.float64)
ONE_HOT = torch.tensor([1., 0., 0.], dtype=torch.float64)


def test_divergence_of_two_distributions():
    assert float(cs_divergence(P, Q)) == pytest.approx(0.4750172, abs=5e-8)
    assert float(cs_divergence(Q, P)) == pytest.approx(0.4750172, abs=5e-8)
    assert float(cs_divergence(P, P)) == pytest.approx(0, abs=1e-12)


def test_printed_equation_is_smallest_at_the_one_hot():
    values = [float(cs_divergence(P, q, variant='printed')) for q in (Q, P, ONE_HOT)]
    assert values == pytest.approx([-math.log(.26), 0.7765288, 0.5108256], abs=5e-8)
    assert values[0] == pytest.approx(1.3470737, abs=1e-7)


def test_divergence_ignores_scale_and_zero_vectors_contribute_nothing():
    assert float(cs_divergence(P, 7 * Q)) == pytest.approx(0.4750172, abs=5e-8)
    assert float(cs_divergence(P, torch.zeros(3))) == 0
    assert float(cs_divergence(torch.zeros(3), torch.zeros(3))) == 0


def test_disjoint_distributions_stop_at_the_bound():
    assert float(cs_divergence(ONE_HOT, ONE_HOT.flip(0))) == pytest.approx(-math.log(1e-8))


@pytest.mark.parametrize(('options', 'inter', 'intra'), [
    ({}, 0.3557649, 0.2194029),
    ({'mode': 'sample'}, 0.3533787, 0.2194029),
    ({'variant': 'printed'}, 1.1145532, 1.0975698),
    ({'variant': 'printed', 'mode': 'sample'}, 1.1087878, 1.0975698)])
def test_dense_toy(options, inter, intra):
    student, teacher = toy()
    assert exact(CauchySchwarz(**options), student, teacher) == pytest.approx(
        {'cs_inter': inter, 'cs_intra': intra}, abs=5e-8)


@pytest.mark.parametrize('mode', ['pixel', 'sample'])
@pytest.mark.parametrize('variant', ['cs', 'printed'])
def test_class_agrees_with_the_function(mode, variant):
    student, teacher, mask = random_pair()
    p, q = (x.softmax(1) * mask[:, None] for x in (student, teacher))
    terms = run(CauchySchwarz(mode=mode, variant=variant), student, teacher, mask)
    rows = cs_divergence(p, q, dim=1 if mode == 'pixel' else (1, 2, 3), variant=variant)
    torch.testing.assert_close(terms['cs_inter'], rows[mask].mean() if mode == 'pixel' else rows.mean())
    torch.testing.assert_close(terms['cs_intra'], cs_divergence(p, q, dim=(0, 2, 3), variant=variant).mean())


def test_terms_can_be_chosen():
    student, teacher, _ = random_pair()
    both = run(CauchySchwarz(), student, teacher)
    for term in ('inter', 'intra'):
        assert run(CauchySchwarz(terms=(term,)), student, teacher) == {f'cs_{term}': both[f'cs_{term}']}


def test_min_mass_leaves_out_classes_that_the_teacher_does_not_see():
    student, teacher, _ = random_pair()
    teacher[:, 2] -= 30
    with_all, without = (run(CauchySchwarz(min_mass=mass), student, teacher)['cs_intra'] for mass in (0.0, 0.5))
    p, q = student.softmax(1), teacher.softmax(1)
    columns = cs_divergence(p, q, dim=(0, 2, 3))
    torch.testing.assert_close(with_all, columns.mean())
    torch.testing.assert_close(without, columns[[0, 1, 3, 4]].mean())


def test_softmax_of_one_channel_teaches_nothing_at_all():
    logits = torch.randn(2, 1, 3, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    terms = CauchySchwarz()(logits.softmax(1), torch.randn(2, 1, 3, 3).softmax(1))
    value = terms['cs_inter'][0].sum() + terms['cs_intra']
    value.backward()
    assert value == 0 and not logits.grad.any()


@pytest.mark.parametrize('task', [Depth(), Edge(), Normals()])
def test_the_default_views_of_regression_tasks_do_teach(task):
    generator = torch.Generator().manual_seed(0)
    out = (1 + torch.rand(2, task.out_channels, 3, 3, generator=generator)).requires_grad_()
    terms = CauchySchwarz()(task.probs(out, 1.0), task.probs(torch.rand(out.shape, generator=generator) + 1, 1.0))
    (terms['cs_inter'][0].sum() + terms['cs_intra']).backward()
    assert out.grad.abs().max() > 1e-2


@pytest.mark.parametrize(('sigma', 'wanted'), [(1.0, 0.5137293), (2.0, 0.1284568)])
def test_soft_bins_of_two_depths(sigma, wanted):
    view = Depth(prob_view={'sigma_bins': sigma}).prob_view
    student, teacher = (view.scores(torch.full((1, 1, 1, 1), d, dtype=torch.float64)).softmax(1) for d in (3.0, 3.3))
    total, count = CauchySchwarz(terms=('inter',))(student, teacher)['cs_inter']
    assert float(total / count) == pytest.approx(wanted, abs=5e-8)
    closed_form = math.log(3.3 / 3.0) ** 2 / (4 * (sigma * math.log(10 / 0.7) / 40) ** 2)
    assert float(total / count) == pytest.approx(closed_form, rel=5e-4)


def test_bins_of_absent_depths_contribute_nothing():
    """Almost empty columns would not be 0 at equality if their denominator were bounded and the column kept."""
    depth = torch.linspace(1.5, 4.5, 400).view(1, 1, 20, 20).requires_grad_()
    student, teacher = Depth().probs(depth), Depth().probs(depth.detach())
    assert (teacher.sum((0, 2, 3)) < 1e-6).any(), 'some bins must be almost empty, otherwise this tests nothing'
    intra = CauchySchwarz()(student, teacher)['cs_intra']
    intra.backward()
    assert abs(float(intra.detach())) < 1e-5
    assert float(depth.grad.abs().sum()) < 1e-3
    moved = CauchySchwarz()(Depth().probs(depth.detach() * 1.05), teacher)['cs_intra']
    assert float(moved) > 0.01


@pytest.mark.parametrize('options', [{'terms': ()}, {'terms': ('both',)}, {'mode': 'image'}, {'variant': 'paper'}])
def test_unknown_options_are_refused(options):
    with pytest.raises(ValueError, match='CauchySchwarz'):
        CauchySchwarz(**options)
