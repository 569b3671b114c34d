import torch

from mtkd.distill.losses.products import products


def test_sums_of_rows_and_columns():
    generator = torch.Generator().manual_seed(0)
    s, t = (torch.rand(2, 3, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    wanted = (s * t).sum(1), (s * s).sum(1), (s * t).sum((0, 2)), (s * s).sum((0, 2))
    torch.testing.assert_close(products(s, t), wanted)


def test_gradients_of_each_sum_alone_and_of_all():
    generator = torch.Generator().manual_seed(0)
    s, t = (torch.rand(2, 3, 5, generator=generator, dtype=torch.float64) for _ in range(2))
    s.requires_grad_()
    for i in range(4):
        assert torch.autograd.gradcheck(lambda x, i=i: products(x, t)[i].square().sum(), s)
    assert torch.autograd.gradcheck(lambda x: products(x, t), s)
