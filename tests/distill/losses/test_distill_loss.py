import pytest
import torch

from mtkd.distill import CauchySchwarz, DistillLoss, FitNets, PlainKD
from mtkd.distill.losses import total
from mtkd.distill.losses.distill_loss import counted_samples, maps, mask_at, masked, per_pixel, per_sample, rows


def test_rows_flatten_and_widen():
    assert rows(torch.zeros(2, 3, 4, 5, dtype=torch.bfloat16)).shape == (2, 3, 20)
    assert rows(torch.zeros(2, 3, dtype=torch.bfloat16)).shape == (2, 3, 1)
    assert rows(torch.zeros(2, 3, dtype=torch.bfloat16)).dtype == torch.float32
    assert rows(torch.zeros(2, 3, dtype=torch.float64)).dtype == torch.float64


def test_masks_count_pixels_or_samples():
    values, mask = torch.tensor([[1., 2.], [3., 4.]]), torch.tensor([[True, False], [False, False]])
    assert [x.tolist() for x in per_pixel(values, mask)] == [[1, 0], [1, 0]]
    assert [x.tolist() for x in per_pixel(values, None)] == [[3, 7], [2, 2]]
    assert [x.tolist() for x in per_sample(values[0], mask)] == [[1, 0], [1, 0]]
    assert [x.tolist() for x in per_sample(values[0], None)] == [[1, 2], [1, 1]]
    assert masked(values[:, None], mask).flatten().tolist() == [1, 0, 0, 0]


def test_masked_nan_does_not_spread():
    values = torch.tensor([[float('nan'), 2.]])
    assert per_pixel(values, torch.tensor([[False, True]]))[0].tolist() == [2]


def test_a_loss_without_compare_is_refused():
    with pytest.raises(TypeError, match='does not implement compare'):
        DistillLoss()(torch.zeros(1, 2), torch.zeros(1, 2))


def test_vectors_are_maps_of_one_pixel():
    assert maps(torch.zeros(2, 3)).shape == (2, 3, 1, 1) and maps(torch.zeros(2, 3, 4, 5).half()).dtype == torch.float32


def test_samples_that_count_and_masks_at_other_sizes():
    mask = torch.zeros(3, 4, 4, dtype=torch.bool)
    mask[1, :2], mask[2, 0, 0] = True, True
    assert counted_samples(torch.zeros(3, 1), mask).tolist() == [False, True, True]
    assert counted_samples(torch.zeros(3, 1), None).all()
    assert mask_at(mask, (2, 2)).tolist()[1:] == [[[True, True], [False, False]], [[False, False], [False, False]]]
    assert mask_at(mask, (4, 4)) is mask and mask_at(None, (2, 2)) is None


class Seen(DistillLoss):
    terms = ('seen',)

    def compare(self, student, teacher, mask, **asked):
        self.given = student, teacher, mask, asked
        return {'seen': torch.zeros(())}


def test_several_sides_are_tuples_and_teachers_are_detached():
    loss = Seen()
    loss.several, loss.spatial, loss.asks = ('student', 'teacher'), True, ('progress',)
    teacher = torch.rand(2, 3, requires_grad=True)
    loss([torch.rand(2, 4, 5, 6).half()], [teacher, torch.rand(2, 3, 1, 1)], [None], progress=0.5)
    student, seen, mask, asked = loss.given
    assert [x.shape for x in student] == [(2, 4, 5, 6)] and student[0].dtype == torch.float32
    assert [x.shape for x in seen] == [(2, 3, 1, 1)] * 2 and not seen[0].requires_grad
    assert mask == (None,) and asked == {'progress': 0.5}


def test_a_missing_input_is_named():
    loss = Seen()
    loss.asks = ('target',)
    with pytest.raises(TypeError, match=r'Seen also needs target; pass target=\.\.\. to it'):
        loss(torch.rand(2, 3), torch.rand(2, 3))


def test_without_a_teacher():
    loss = Seen()
    loss(torch.rand(2, 3))
    assert loss.given[1] is None


def test_one_number_and_one_per_sample():
    rng = torch.Generator().manual_seed(0)
    student = torch.randn(3, 4, 2, 5, generator=rng, dtype=torch.float64).requires_grad_()
    teacher = torch.randn(3, 4, 2, 5, generator=rng, dtype=torch.float64)
    mask = torch.rand(3, 2, 5, generator=rng) < 0.6
    mask[2] = False
    log_s, log_t = torch.log_softmax(student / 2, 1), torch.log_softmax(teacher / 2, 1)
    pixels = 4 * (log_t.exp() * (log_t - log_s)).sum(1)
    expected = pixels[mask].mean()
    kd = PlainKD(tau=2.0)
    for found in (kd.scalar(student, teacher, mask, logits=True), kd.scalar(log_s, log_t, mask),
                  total(kd(log_s, log_t, mask))):
        torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(total(kd(log_s, log_t, mask), {'kd': 0.5}).double(), expected / 2, rtol=1e-5, atol=1e-7)
    each = kd.per_sample(student, teacher, mask, logits=True).double()
    torch.testing.assert_close(each[:2], torch.stack([pixels[i][mask[i]].mean() for i in range(2)]), rtol=1e-5, atol=1e-7)
    assert each[2] == 0
    kd.scalar(student, teacher, mask, logits=True).backward()
    assert student.grad[:2].any() and not student.grad[2].any()


def test_the_sum_of_several_terms():
    p, q = (torch.softmax(torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(i)), 1) for i in range(2))
    loss = CauchySchwarz()
    terms = loss(p, q)
    sums, counts = terms['cs_inter']
    torch.testing.assert_close(loss.scalar(p, q), sums.sum() / counts.sum() + terms['cs_intra'])
    with pytest.raises(ValueError, match="CauchySchwarz: its term 'cs_intra' is defined on the whole batch"):
        loss.per_sample(p, q)


def test_features_are_no_class_scores():
    with pytest.raises(ValueError, match='FitNets compares features or outputs'):
        FitNets().scalar(torch.ones(2, 3), torch.ones(2, 3), logits=True)
