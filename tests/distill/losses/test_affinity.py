import pytest
import torch

from mtkd.distill.losses import Affinity, PairWise
from mtkd.distill.losses.affinity import gram_distance, unit_pixels

from .released import check, filled, leaf, mean


def test_official_numbers_of_the_pair_wise_term():
    values, grads = [], []
    for scale in (0.5, 0.3):
        student = leaf((3, 5, 6, 6), 1)
        values.append(mean(PairWise(scale)(student, filled((3, 7, 6, 6), 2))['pair_wise']))
        values[-1].backward()
        grads.append(student.grad)
    check('pair_wise', values, grads, 1e-6)  # the released code adds 1e-8 to a float32 length


def test_affinity_is_the_mean_squared_difference_of_cosines():
    student, teacher = filled((2, 3, 4, 5), 1), filled((2, 4, 4, 5), 2)
    value = mean(Affinity()(student, teacher)['affinity'])
    cosines = [torch.cosine_similarity(x.flatten(2)[:, :, :, None], x.flatten(2)[:, :, None], dim=1)
               for x in (student, teacher)]
    torch.testing.assert_close(value, (cosines[0] - cosines[1]).square().mean(), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize('pixels', [3, 40])
def test_all_pairs_with_and_without_their_matrix(pixels):
    student, teacher = leaf((2, 4, pixels), 1), filled((2, 6, pixels), 2)
    value = gram_distance(student, teacher)
    wanted = (student.mT @ student - teacher.mT @ teacher).square().sum((1, 2))
    torch.testing.assert_close(value, wanted)
    torch.testing.assert_close(*(torch.autograd.grad(x.sum(), student)[0] for x in (value, wanted)))


def test_no_matrix_of_all_pairs_is_formed_of_a_large_map():
    """14,980 pixels of a 425×560 image at stride 4: a matrix of all pairs would take 898 MB."""
    student = torch.rand(1, 8, 107, 140, requires_grad=True)
    largest = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: largest.append(x.numel()) or x, lambda x: x):
        for loss in (Affinity(), PairWise(scale=0.005)):
            mean(loss(student, torch.rand(1, 8, 107, 140))[loss.terms[0]]).backward()
    assert max(largest) * 4 < 64 * 2 ** 20


def test_units_and_impossible_scales():
    assert unit_pixels(torch.zeros(1, 3, 2)).tolist() == torch.zeros(1, 3, 2).tolist()
    with pytest.raises(ValueError, match='fraction of the map'):
        PairWise(scale=0.0)
