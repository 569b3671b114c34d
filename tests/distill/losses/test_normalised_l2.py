import pytest
import torch

from mtkd.distill import NormalisedL2

from .cases import exact, random_pair, toy


@pytest.mark.parametrize(('norm', 'wanted'), [('pixel', 1.9236063), ('sample', 1.9240829)])
def test_dense_toy(norm, wanted):
    assert exact(NormalisedL2(norm), *toy()) == pytest.approx({'l2': wanted}, abs=5e-8)


def test_is_two_minus_two_cosines():
    student, teacher, _ = random_pair()
    cosines = torch.cosine_similarity(student.flatten(1), teacher.flatten(1))
    torch.testing.assert_close(NormalisedL2('sample')(student, teacher)['l2'][0], 2 - 2 * cosines)
    total, count = NormalisedL2()(student, -student)['l2']
    torch.testing.assert_close(total / count, torch.full((4,), 4.), atol=1e-3, rtol=0)


@pytest.mark.parametrize('norm', ['pixel', 'sample'])
def test_dead_features_have_finite_gradients(norm):
    student = torch.zeros(2, 3, 2, 2).requires_grad_()
    NormalisedL2(norm)(student, torch.zeros(2, 3, 2, 2))['l2'][0].sum().backward()
    assert not student.grad.any()


def test_unknown_norm_is_refused():
    with pytest.raises(ValueError, match='NormalisedL2'):
        NormalisedL2('channel')
