import torch

from mtkd.distill.losses import VID

from .released import check, fill, filled, leaf, mean


def test_official_numbers():
    loss = VID(width=6).double()
    loss.setup([5], [7])
    loss.double()
    fill([layer.weight for layer in loss.regressor if hasattr(layer, 'weight')])
    for layer in loss.regressor:
        if hasattr(layer, 'weight'):
            layer.weight.data = layer.weight.data.view(layer.weight.shape)
    loss.log_scale.data = 0.5 * filled((7,), 20)
    student = leaf((3, 5, 4, 3), 1)
    value = mean(loss(student, filled((3, 7, 4, 3), 2))['vid'])
    value.backward()
    check('vid', [value], [student.grad, loss.log_scale.grad, loss.regressor[0].weight.grad[..., None]])


def test_the_variance_starts_where_it_is_told():
    loss = VID(variance=5.0)
    loss.setup([3], [4])
    torch.testing.assert_close(torch.nn.functional.softplus(loss.log_scale) + loss.eps, torch.full((4,), 5.0))
