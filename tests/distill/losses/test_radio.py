import pytest
import torch
import torch.nn.functional as F

from mtkd.distill.losses import RadioSpatial, RadioSummary

from .released import check, filled, leaf


def pair(*shape):
    rng = torch.Generator().manual_seed(0)
    return [torch.randn(*shape, generator=rng, dtype=torch.float64) * 2 for _ in range(2)]


def mean(loss, student, teacher):
    loss.setup([student.shape[1]], [teacher.shape[1]])
    ((total, count),) = loss.double()(student, teacher).values()
    return total.sum() / count.sum()


def test_summary_is_one_minus_the_cosine():
    student, teacher = pair(6, 5)
    torch.testing.assert_close(mean(RadioSummary(), student, teacher), 1 - F.cosine_similarity(student, teacher).mean())


def test_spatial_is_the_weighted_sum():
    student, teacher = pair(2, 5, 3, 4)
    wanted = 0.9 * (1 - F.cosine_similarity(student, teacher, dim=1).mean()) + 0.1 * F.smooth_l1_loss(student, teacher)
    torch.testing.assert_close(mean(RadioSpatial(), student, teacher), wanted)
    squared = RadioSpatial(alpha=0.0, beta=1.0, squared=True)
    torch.testing.assert_close(mean(squared, student, teacher), F.mse_loss(student, teacher))


def test_a_standardised_teacher_has_no_scale():
    student, teacher = pair(2, 5, 3, 4)
    options = {'alpha': 0.0, 'beta': 1.0, 'squared': True, 'standardise': 'phi_s'}
    once, again = (mean(RadioSpatial(**options), student, factor * teacher + shift) for factor, shift in ((1, 0), (40, 7)))
    torch.testing.assert_close(once, again, rtol=1e-4, atol=1e-4)


def test_an_unknown_way_to_standardise():
    with pytest.raises(ValueError, match="RadioSummary: standardise='white'"):
        RadioSummary(standardise='white')


def test_over_pictures_it_is_sak_s():
    student, teacher = leaf((3, 5, 4, 4), 1), filled((3, 5, 4, 4), 2)
    value = mean(RadioSpatial(over='image'), student, teacher)
    value.backward()
    check('sak', [value], [student.grad])


def test_over_pictures_masked_places_are_left_out():
    student, teacher = pair(2, 5, 3, 4)
    mask = torch.arange(12).view(3, 4).expand(2, 3, 4) < 8
    loss = RadioSpatial(over='image')
    loss.setup([5], [5])
    total, count = loss.double()(student, teacher, mask)['spatial']
    torch.testing.assert_close(total.sum() / count.sum(), mean(loss, student[:, :, :2], teacher[:, :, :2]))


def test_an_unknown_extent():
    with pytest.raises(ValueError, match="over='row' is unknown; choose 'place' or 'image'"):
        RadioSpatial(over='row')
