"""Properties of every registered distillation loss."""

import pytest
import torch

from mtkd.registry import DISTILL_LOSSES

from .cases import CASES, IN_ORDER, NO_SLOPE, NOT_COMPILED, NOT_ZERO, build, random_pair, run, terms_of, total

ALL = pytest.mark.parametrize('case', CASES)


def test_every_registered_loss_is_tested():
    DISTILL_LOSSES.import_from_location()
    assert {cfg['type'] for cfg in CASES.values()} == set(DISTILL_LOSSES.module_dict)


@ALL
def test_terms_are_announced_and_sums_and_counts_or_scalars(case):
    student, teacher, mask = random_pair()
    loss = build(case)
    for chosen in (None, mask):
        terms = terms_of(loss, student, teacher, chosen)
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
        assert value.isfinite() and (value > 1e-4 or (case in NOT_ZERO and value != 0)), name
    if case not in NOT_ZERO:
        for name, value in run(loss, teacher.clone(), teacher, mask, alike=True).items():
            assert abs(float(value)) < 1e-5, name


@ALL
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_low_precision_views_and_autocast_give_float32_and_finite_gradients(case, dtype):
    """The views are rounded; everything else is computed in float32."""
    student, teacher, mask = random_pair()
    s, t = student.to(dtype).requires_grad_(), teacher.to(dtype)
    with torch.autocast('cpu', torch.bfloat16):
        terms = terms_of(build(case), s, t, mask)
    loss = build(case)
    reference = terms_of(loss, s.detach().float(), t.float(), mask)
    # the softmax of rounded logits is not the rounded softmax
    error = {'rtol': 2e-2, 'atol': 2e-2} if loss.reads != 'tap' or case.startswith('pseudo') else {}
    for name, value in terms.items():
        value, wanted = (x[0] if isinstance(x, tuple) else x for x in (value, reference[name]))
        assert value.dtype == torch.float32
        torch.testing.assert_close(value.detach(), wanted.detach(), **error)
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
    other = torch.where(mask[:, None], student, student.flip(1) + 4).requires_grad_()
    other_teacher = torch.where(mask[:, None], teacher, -3 * teacher)
    before = total(build(case), student, teacher, mask)
    after = total(build(case), other, other_teacher, mask)
    after.backward()
    torch.testing.assert_close(after, before)
    assert not other.grad[~mask[:, None].expand_as(other)].any() and other.grad.any()


@ALL
def test_full_mask_is_no_mask(case):
    student, teacher, mask = random_pair()
    torch.testing.assert_close(run(build(case), student, teacher, torch.ones_like(mask)), run(build(case), student, teacher))


@pytest.mark.parametrize('case', [case for case in CASES if case not in IN_ORDER])
def test_permuting_the_batch_permutes_the_samples(case):
    student, teacher, mask = random_pair()
    order = torch.tensor([2, 0, 3, 1])
    terms = terms_of(build(case), student, teacher, mask)
    permuted = terms_of(build(case), student[order], teacher[order], mask[order], order)
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
    vectors = run(build(case), student.flatten(1), teacher.flatten(1), present)
    torch.testing.assert_close(vectors, run(build(case), student, teacher, present.view(-1, 1, 1)))


@pytest.mark.parametrize('case', [case for case in CASES if case not in NO_SLOPE])
def test_gradient_is_the_slope(case):
    student, teacher, mask = (x.double() if x.is_floating_point() else x for x in random_pair(batch=2, size=(2, 2)))
    mask[0, 0, 0] = mask[1, 1, 1] = True
    loss = build(case).double().eval()  # for a loss with a state: in its current state

    def value(x):
        terms = terms_of(loss, x, teacher, mask)
        return sum(v[0].sum() if isinstance(v, tuple) else v for v in terms.values())

    assert torch.autograd.gradcheck(value, student.requires_grad_(), fast_mode=True)


def stateful() -> list[str]:
    return [case for case in CASES if build(case).state_dict()]


@pytest.mark.parametrize('case', stateful())
def test_a_resumed_loss_is_bit_equal(case):
    """Two steps, then a checkpoint: the third step is the same for the loss that continues and the one that is loaded."""
    def step(loss, number):
        torch.manual_seed(number)
        student, teacher, mask = random_pair()
        student = (student + number).requires_grad_()
        value = total(loss, student, teacher * (1 + number), mask, torch.arange(4) + number)
        value.backward()
        with torch.no_grad():
            for parameter in loss.parameters():
                if parameter.grad is not None:
                    parameter -= 0.01 * parameter.grad
                    parameter.grad = None
        return value.detach(), student.grad

    going = build(case)
    for number in range(2):
        step(going, number)
    loaded = build(case)
    loaded.load_state_dict({name: value.clone() for name, value in going.state_dict().items()})
    for wanted, value in zip(step(going, 2), step(loaded, 2), strict=True):
        assert torch.equal(wanted, value)
    for name, value in going.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


@pytest.mark.parametrize('case', stateful())
def test_a_state_moves_in_training_only_and_parameters_get_gradients(case):
    student, teacher, mask = random_pair()
    loss = build(case).eval()
    before = {name: value.clone() for name, value in loss.state_dict().items()}
    total(loss, student.requires_grad_(), teacher, mask).backward()
    assert all(torch.equal(loss.state_dict()[name], value) for name, value in before.items())
    loss.train()
    total(loss, student, teacher, mask)
    buffers = [name for name, _ in loss.named_buffers() if name[-1] != 'u' and name not in ('labels', 'constants')]
    moved = [name for name in buffers if not torch.equal(loss.state_dict()[name], before[name])]
    assert moved or not [name for name in buffers if '_u' not in name and '_v' not in name]
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in loss.parameters())


@pytest.mark.parametrize('case', [case for case in CASES if case not in NOT_COMPILED])
def test_compiled_is_eager(case):
    student, teacher, mask = random_pair()
    torch._dynamo.reset()
    results = []
    for function in (total, torch.compile(total, backend='aot_eager', fullgraph=True)):
        logits = student.clone().requires_grad_()
        value = function(build(case), logits, teacher, mask)
        value.backward()
        results.append((value.detach(), logits.grad))
    torch.testing.assert_close(results[1], results[0])
