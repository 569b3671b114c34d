import pytest
import torch

from mtkd.distill.losses.pairs import batch_rows, check_pool, pairs_of, sample_vectors

from .released import filled


def test_vectors_of_what_counts():
    view, mask = filled((2, 3, 2, 2), 1), torch.tensor([[[True, False], [True, False]], [[False] * 2] * 2])
    flat = sample_vectors(view, mask)
    assert flat.shape == (2, 12) and not flat[1].any()
    torch.testing.assert_close(sample_vectors(view, mask, 'mean')[0], view[0, :, :, 0].mean(1))
    torch.testing.assert_close(sample_vectors(view, None, 'mean'), view.mean((2, 3)))


def test_rows_and_pairs():
    view = filled((2, 3, 2, 2), 1)
    student, teacher, counts = batch_rows(view, filled((2, 4, 1, 1), 2), torch.tensor([[[True] * 2] * 2, [[False] * 2] * 2]))
    assert student.shape == (2, 12) and teacher.shape == (2, 4) and counts.tolist() == [True, False]
    assert not student[1].any() and not teacher[1].any()
    assert pairs_of(counts).tolist() == [[True, False], [False, False]]


def test_an_unknown_pool_is_named():
    with pytest.raises(ValueError, match="X: pool='max' is unknown; choose one of flatten, mean"):
        check_pool('X', 'max')
