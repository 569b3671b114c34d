"""What every registered distillation loss has to satisfy."""

import pytest
import torch

from mtkd.registry import DISTILL_LOSSES

from .cases import CASES, build, random_pair, run, total, view

ALL = pytest.mark.parametrize('case', CASES)


def test_every_registered_loss_is_tested():
    DISTILL_LOSSES.import_from_location()
    assert {cfg['type'] for cfg in CASES.values()} == set(DISTILL_LOSSES.module_dict)


@ALL
def test_terms_are_announced_and_sums_and_counts_or_scalars(case):
    student, teacher, mask = random_pair()
    loss = build(case)
    for chosen in (None, mask):
        terms = loss(view(loss, student), view(loss, teacher), chosen)
        assert tuple(terms) == loss.terms
        for value in terms.values():
            shapes = [part.shape for part in value] if isinstance(value, tuple) else value.shape
            assert shapes in ([(4,), (4,)], ())
    assert not any('loss' in name for name in loss.terms)


@ALL
def test_zero_at_equality_and_positive_elsewhere(case):
    student, teacher, mask = random_pair()
    loss = build(case)
    for name, value in run(loss, student, teacher, mask).items():
        assert value > 1e-3, name
    if case not in ('cs_printed', 'pseudo_hard', 'pseudo_soft', 'soft_ce'):  # cross-entropies are not 0 there
        for name, value in run(loss, teacher.clone(), teacher, mask).items():
            assert abs(float(value)) < 1e-5, name


@ALL
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_low_precision_views_and_autocast_give_float32_and_finite_gradients(case, dtype):
    student, teacher, mask = random_pair()
    loss = build(case)
    s = view(loss, student).to(dtype).requires_grad_()
    t = view(loss, teacher).to(dtype)
    with torch.autocast('cpu', torch.bfloat16):
        terms = loss(s, t, mask)
    reference = loss(s.detach().float(), t.float(), mask)
    for name, value in terms.items():
        value, wanted = (x[0] if isinstance(x, tuple) else x for x in (value, reference[name]))
        assert value.dtype == torch.float32
        torch.testing.assert_close(value.detach(), wanted)
    sum((x[0] if isinstance(x, tuple) else x).sum() for x in terms.values()).backward()
    assert s.grad.isfinite().all() and (s.grad != 0).any()


@ALL
@pytest.mark.parametrize('scale', [0.0, 300.0])
def test_extreme_logits_give_finite_gradients(case, scale):
    student, teacher, _ = random_pair()
    student = (student * scale).requires_grad_()
    value = total(build(case), student, teacher * scale)
    value.backward()
    assert value.isfinite() and student.grad.isfinite().all()


@ALL
def test_nothing_valid_is_zero_with_a_zero_gradient(case):
    student, teacher, mask = random_pair()
    student.requires_grad_()
    value = total(build(case), student, teacher, torch.zeros_like(mask))
    value.backward()
    assert value == 0 and not student.grad.any()


@ALL
def test_masked_pixels_neither_count_nor_get_a_gradient(case):
    student, teacher, mask = random_pair()
    loss = build(case)
    other = torch.where(mask[:, None], student, student.flip(1) + 4).requires_grad_()
    other_teacher = torch.where(mask[:, None], teacher, -3 * teacher)
    before = total(loss, student, teacher, mask)
    after = total(loss, other, other_teacher, mask)
    after.backward()
    torch.testing.assert_close(after, before)
    assert not other.grad[~mask[:, None].expand_as(other)].any() and other.grad.any()


@ALL
def test_full_mask_is_no_mask(case):
    student, teacher, mask = random_pair()
    loss = build(case)
    torch.testing.assert_close(run(loss, student, teacher, torch.ones_like(mask)), run(loss, student, teacher))


@ALL
def test_permuting_the_batch_permutes_the_samples(case):
    student, teacher, mask = random_pair()
    loss = build(case)
    order = torch.tensor([2, 0, 3, 1])
    terms = loss(view(loss, student), view(loss, teacher), mask)
    permuted = loss(view(loss, student[order]), view(loss, teacher[order]), mask[order])
    for name, value in terms.items():
        wanted = tuple(part[order] for part in value) if isinstance(value, tuple) else value
        torch.testing.assert_close(permuted[name], wanted)


@ALL
def test_teacher_gets_no_gradient(case):
    student, teacher, _ = random_pair()
    teacher.requires_grad_()
    total(build(case), student.requires_grad_(), teacher).backward()
    assert teacher.grad is None


@ALL
def test_image_level_vectors_are_maps_of_one_pixel(case):
    student, teacher, _ = random_pair(size=(1, 1))
    present = torch.tensor([True, False, True, True])
    loss = build(case)
    vectors = run(loss, student.flatten(1), teacher.flatten(1), present)
    torch.testing.assert_close(vectors, run(loss, student, teacher, present.view(-1, 1, 1)))


@ALL
def test_gradient_is_the_slope(case):
    student, teacher, mask = (x.double() if x.is_floating_point() else x
                              for x in random_pair(batch=2, channels=3, size=(2, 3)))
    loss = build(case)

    def value(x):
        terms = loss(view(loss, x), view(loss, teacher), mask)
        return sum(v[0].sum() if isinstance(v, tuple) else v for v in terms.values())

    assert torch.autograd.gradcheck(value, student.requires_grad_())


@ALL
def test_compiled_is_eager(case):
    student, teacher, mask = random_pair()
    torch._dynamo.reset()
    loss = build(case)
    results = []
    for function in (total, torch.compile(total, backend='aot_eager', fullgraph=True)):
        logits = student.clone().requires_grad_()
        value = function(loss, logits, teacher, mask)
        value.backward()
        results.append((value.detach(), logits.grad))
    torch.testing.assert_close(results[1], results[0])
