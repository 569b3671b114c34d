import pytest
import torch

from mtkd.distill.losses import SimilarityPreserving, similarity_preserving

from .released import check, filled, leaf


def test_official_numbers():
    student = leaf((6, 5, 4, 3), 1)
    value = SimilarityPreserving()(student, filled((6, 7, 4, 3), 2))['sp']
    value.backward()
    check('sp', [value], [student.grad])


def test_sides_may_differ_in_everything_but_the_samples():
    student, teacher = filled((4, 5, 4, 3), 1), filled((4, 7), 2)
    mask = torch.tensor([True, False, True, True])
    value = SimilarityPreserving()(student, teacher, mask[:, None, None].expand(4, 4, 3))['sp']
    torch.testing.assert_close(value, similarity_preserving(student[mask].flatten(1), teacher[mask]))
    mean = SimilarityPreserving(pool='mean')(student, teacher)['sp']
    torch.testing.assert_close(mean, similarity_preserving(student.mean((2, 3)), teacher))


def test_an_unknown_pool_is_refused():
    with pytest.raises(ValueError, match="SimilarityPreserving: pool='max' is unknown"):
        SimilarityPreserving(pool='max')
