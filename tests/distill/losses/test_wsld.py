import torch

from mtkd.distill.losses import WSLD

from .official import check


def test_official_values_and_gradients():
    check(WSLD(), 'wsld')


def test_a_sample_counts_less_where_the_student_is_better():
    """Cross-entropies ln 2 of the student and ln 4 of the teacher give w = 1 - exp(-1/2); the soft cross-entropy is ln 2."""
    student, teacher = torch.tensor([[0.5, 0.5]], dtype=torch.float64), torch.tensor([[0.25, 0.75]], dtype=torch.float64)
    total, count = WSLD(temperature=1.0)(student.log(), teacher.log(), target=torch.tensor([0]))['wsld']
    wanted = (1 - torch.exp(torch.tensor(-0.5, dtype=torch.float64))) * torch.log(torch.tensor(2.0, dtype=torch.float64))
    torch.testing.assert_close(total[0], wanted, rtol=1e-6, atol=0)
    assert count[0] == 1
